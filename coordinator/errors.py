"""What can go wrong in the coordinator's process, in sentences for its operator."""

from sessionlib.errors import ColabvpsError


class DatabaseUnusable(ColabvpsError):
    """The database can't be opened, read or written; the text says why and what to do."""


class ServerStartFailed(ColabvpsError):
    """The service can't begin: an address that is taken or not safe, a certificate."""
