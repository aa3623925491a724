"""Goal: fleets that are simulated with a quicker `replace` are the same fleets.

Method: held against the library's, class by class, and over a whole fleet.
"""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import pytest

from sessionlib.core.timing import Timing
from sessionlib.core.view import View
from sessionlib.errors import UnsafeTiming
from tests.replacing import _written_out, replace
from tests.unit.core.views import serving


@dataclass(frozen=True)
class Open:
    """Without slots."""

    one: int = 1


@dataclass(frozen=True, slots=True)
class Derived:
    """Not all of its fields are given."""

    one: int
    twice: int = dataclasses.field(init=False, default=2)


def test_a_view_is_copied_field_by_field() -> None:
    view = serving(alarm="what was")
    changes: dict[str, Any] = {"alarm": "what is", "must_read_lease": True}
    assert _written_out(View) is not None
    made = replace(view, **changes)
    assert made == dataclasses.replace(view, **changes)
    assert view.alarm == "what was"
    assert replace(view) == view
    assert replace(view) is not view


@pytest.mark.parametrize("of", [Open(), Derived(1), Timing()], ids=lambda of: type(of).__name__)
def test_what_does_more_than_set_its_fields_is_left_to_the_library(of: Any) -> None:
    assert _written_out(type(of)) is None
    assert replace(of) == of


def test_what_the_library_refuses_is_refused() -> None:
    with pytest.raises(TypeError, match="nosuch"):
        replace(serving(), nosuch=1)
    with pytest.raises(ValueError, match="twice"):
        replace(Derived(1), twice=3)
    with pytest.raises(UnsafeTiming):
        replace(Timing(), ttl_s=1.0)


def test_a_fleet_is_the_same_with_it() -> None:
    told = [
        subprocess.run(
            [sys.executable, "-c", FLEET, how], capture_output=True, text=True, check=True
        ).stdout
        for how in ("installed", "not")
    ]
    assert told[0] == told[1]
    assert "takes held by" in told[0]


FLEET = """
import sys
from sessionlib.core import learn
from tests import replacing
from tests.simulation.seeds import fleet_of, live
if sys.argv[1] == "installed":
    replacing.install()
    assert learn.replace is replacing.replace
lines = []
live(fleet_of(2, hours=0.3, lines=lines))
print("\\n".join(lines))
"""
