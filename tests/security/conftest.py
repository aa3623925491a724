"""Tests that are coroutines run here as they do beside the screen's own."""

from tests.tui.conftest import pytest_pyfunc_call

__all__ = ["pytest_pyfunc_call"]
