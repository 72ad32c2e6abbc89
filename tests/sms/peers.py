"""What the tests of the text gateways share."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

import pytest


def need(lack: str) -> None:
    """Missing peers fail in CI and skip elsewhere."""
    if lack:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(lack)


def until(true: Callable[[], bool]) -> None:
    """Waits for something that another thread does: the record has no event to wait for."""
    pause = threading.Event()
    for _ in range(6000):
        if true():
            return
        pause.wait(0.01)
    raise AssertionError("it did not happen within a minute")
