"""Any value of a type: every text, every number that JSON and 64 bits hold.

Decided here: how a dataclass's types become hypothesis's strategies, without telling
hypothesis anything that other tests would hear.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import is_dataclass
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from sessionlib.records import MAX_NUMBER

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
WHOLE = st.integers(-MAX_NUMBER, MAX_NUMBER)
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | WHOLE | NUMBER | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
_PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXT,
    int: WHOLE,
    float: NUMBER,
    bool: st.booleans(),
    type(None): st.none(),
    Any: JSON,
}


def any_of(kind: Any) -> st.SearchStrategy[Any]:
    """Any value of `kind`: a dataclass, an enumeration, or what their fields are made of."""
    origin, inner = get_origin(kind), get_args(kind)
    if kind in _PLAIN:
        return _PLAIN[kind]
    if origin in {Union, types.UnionType}:
        return st.one_of(*map(any_of, inner))
    if origin is tuple:
        return st.lists(any_of(inner[0]), max_size=3).map(tuple)
    if origin in {dict, Mapping}:
        return st.dictionaries(any_of(inner[0]), any_of(inner[1]), max_size=3)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return st.sampled_from(list(kind))
    assert isinstance(kind, type), kind
    assert is_dataclass(kind), kind
    hints = get_type_hints(kind)
    return st.builds(kind, **{name: any_of(hint) for name, hint in hints.items()})
