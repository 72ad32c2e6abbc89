"""Options of the whole suite."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the switch that rewrites what is said in transcripts."""
    parser.addoption(
        "--update-transcripts",
        action="store_true",
        help="rewrite the said lines of tests/transcripts (requests stay as they are); not with -n",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Refuses the switch where several processes would write one file."""
    if config.getoption("--update-transcripts") and config.getoption("numprocesses", None):
        raise pytest.UsageError("run --update-transcripts without -n: it writes files")
