"""Errors that cross a boundary, sorted by what the reader of one should do.

Exit codes and wording on the screen are the console's.
"""


class ColabvpsError(Exception):
    """Anything this project raises on purpose; its text is fit for a user."""


class ConfigError(ColabvpsError):
    """A configuration file that can't be used.

    `problems` holds one line each, in the order of the file, every line naming
    the file, the line number, the field and the fix.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class UnsafeTiming(ColabvpsError, ValueError):
    """Timings under which two sessions could work at once."""


class RecordUnreadable(ColabvpsError, ValueError):
    """Bytes from the store that are torn, foreign, too large or from a newer version.

    Never a reason to believe that somebody is dead: a reader keeps what it knew.
    """


class SignatureInvalid(ColabvpsError):
    """Something that wasn't signed by the fleet's key."""


class ProgramError(ColabvpsError):
    """The program can't be brought to this machine, or made ready on it; the text says why."""


class StoreError(ColabvpsError):
    """What a store says when a call did not simply succeed: one of three verdicts."""


class Conflict(StoreError):
    """The record isn't what the caller expected; nothing was written. Look again."""


class Unreachable(StoreError):
    """Nothing happened, and nothing was learnt: a time-out before sending, no folder, no space."""


class Unknown(StoreError):
    """A write may or may not have happened. Read back, and look for your own nonce."""
