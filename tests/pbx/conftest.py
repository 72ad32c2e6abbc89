"""The PBX of the run: one Asterisk, started by the first test that needs it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import asterisk

_HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks all tests of this folder, and keeps them on one worker so that they share the PBX."""
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.pbx)
            item.add_marker(pytest.mark.xdist_group("pbx"))


@pytest.fixture(scope="session")
def pbx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[asterisk.Pbx]:
    """A real Asterisk that takes calls. Missing peers fail in CI and skip elsewhere."""
    if lack := asterisk.missing():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(lack)
    with asterisk.running(tmp_path_factory.mktemp("pbx")) as running:
        yield running
