"""Tests that are coroutines run in an event loop of their own."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Iterator

import pytest

from tests.unit.console.fleet_on_disk import SEED


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    wanted = pyfuncitem._fixtureinfo.argnames
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in wanted}))
    return True


@pytest.fixture(autouse=True)
def _one_place() -> Iterator[None]:
    """The same hour, colours and key everywhere. By a patch of its own: a test's ends first, and
    would bring these back after they were taken away."""
    with pytest.MonkeyPatch.context() as here:
        here.setenv("TZ", "UTC")
        time.tzset()
        here.setenv("COLABVPS_FLEET_KEY", SEED)
        here.delenv("NO_COLOR", raising=False)
        yield
    time.tzset()
