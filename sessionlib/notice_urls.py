"""Addresses of receivers, which hold secrets: what of one may be shown, and how it names a secret.

An address names a secret as `${NAME}`; `secret_env` finds the value.
"""

# The scheme may be shown, and the host for those schemes only where the host is one. With most
# services what stands in its place is half of the token.

# The scheme may be shown, and the host for those schemes only where the host is one. With most
# services what stands in its place is half of the token.

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_ODD_REFERENCE = re.compile(r"\$\{")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}")
_HOST = re.compile(r"(?:[a-z0-9-]{1,63}\.)+[a-z0-9-]{1,63}|localhost|[0-9a-f:]+:[0-9a-f:.]*")
_NAMED_HOST = frozenset(
    f"{scheme}{s}"
    for scheme in ("apprise", "form", "gotify", "http", "json", "mailto", "matrix", "mmost", "xml")
    for s in ("", "s")
)
_HOST_BEFORE_TOPIC = frozenset({"ntfy", "ntfys"})
"""With a topic behind it the host is one; alone it is the topic, which is as good as a password."""


def names_in(url: str) -> tuple[str, ...]:
    """The variables that an address refers to."""
    return tuple(dict.fromkeys(_REFERENCE.findall(url)))


def problem(url: str) -> str | None:
    """What is wrong with an address as the configuration has it, without any of it."""
    if _ODD_REFERENCE.search(_REFERENCE.sub("", url)):
        return "refers to a variable in another way than ${NAME}: letters, digits and _"
    if re.search(r"[\s\x00-\x1f\x7f]", url):
        return "holds a blank: write one address for each line of the list, blanks in it as %20"
    whole = _REFERENCE.fullmatch(url) is not None
    scheme, separator, rest = url.partition("://")
    if whole or (separator and rest and (_SCHEME.fullmatch(scheme) or names_in(scheme))):
        return None
    return "is not an address for apprise: write it as ntfy://host/topic, or as ${NAME}"


def filled(url: str, values: Mapping[str, str]) -> str:
    """The address with its secrets in it. Raises KeyError."""
    return _REFERENCE.sub(lambda found: values[found[1]].strip(), url)


def label(url: str) -> str:
    """What of an address may be read by anybody: `ntfys://ntfy.example.com`, `tgram://…`."""
    scheme, separator, _ = url.partition("://")
    if not separator or not _SCHEME.fullmatch(scheme):
        return "an address"
    return f"{scheme.lower()}://{_host(url, scheme.lower()) or '…'}"


def _host(url: str, scheme: str) -> str | None:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return None
    named = scheme in _NAMED_HOST or (scheme in _HOST_BEFORE_TOPIC and parts.path.strip("/"))
    # A password that wasn't written as an address needs it may reach beyond the host's place.
    odd = "@" in parts.path
    return host if named and host and not odd and _HOST.fullmatch(host) else None
