"""How a command ends when it doesn't end well, sorted by exit code."""

from __future__ import annotations

from sessionlib.errors import ColabvpsError, ConfigError, Unknown

DONE = 0
FAILED = 1
WRONG_USE = 2
UNKNOWN = 3
INTERRUPTED = 130


class Refused(ColabvpsError):
    """Not done, and nothing has changed."""


class AlreadySo(Refused):
    """What is asked for is the case already: there is nothing to do, and nothing is wrong."""


class WrongUse(ColabvpsError):
    """The command line asks for something that can't be."""


class OutcomeUnknown(ColabvpsError):
    """It may or may not come about; the text says where to look."""


class Interrupted(ColabvpsError):
    """The user pressed ctrl-c."""


def exit_code(error: ColabvpsError) -> int:
    """The exit code that goes with an error."""
    if isinstance(error, ConfigError | WrongUse):
        return WRONG_USE
    if isinstance(error, OutcomeUnknown | Unknown):
        return UNKNOWN
    return INTERRUPTED if isinstance(error, Interrupted) else FAILED
