"""The gateways of the run: all their tests on one worker, an SMSC for each that asks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import peers
import pytest
import smsc as the_smsc
from smsc import Smsc

_HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keeps all tests of this folder on one worker: they share the gateways."""
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.xdist_group("sms"))


@pytest.fixture
def smsc() -> Iterator[Smsc]:
    """An SMSC of this test's own."""
    peers.need(the_smsc.missing())
    with the_smsc.running() as running:
        yield running
