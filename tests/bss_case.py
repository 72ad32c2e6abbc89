"""What the tests of the BSS share: a fresh embedded one, a clock that is set by hand."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from actions.embedded.bss import EmbeddedBss
from actions.embedded.store import Store
from actions.port import Port, Result
from actions.signatures import SIGNATURES
from dialog.events import Quote
from dialog.signature import ORDER
from dialog.values import Value

SHANGHAI = ZoneInfo("Asia/Shanghai")


class Clock:
    """UTC milliseconds of a local time that a test sets."""

    def __init__(self, local: str = "2026-03-15T12:00:00") -> None:
        self.set(local)

    def set(self, local: str) -> None:
        """Sets the local time, Asia/Shanghai."""
        self.ms = int(datetime.fromisoformat(local).replace(tzinfo=SHANGHAI).timestamp() * 1000)

    def __call__(self) -> int:
        """The time, as the house's `now`."""
        return self.ms


@cache
def _built() -> Path:
    path = Path(tempfile.mkdtemp(prefix="hotline-bss-")) / "bss.sqlite"
    Store(path).close()
    return path


def embedded(folder: Path, clock: Clock | None = None, **settings: Any) -> EmbeddedBss:
    """A BSS on a fresh copy of the synthetic subscribers, or on the one that is there already."""
    path = folder / "bss.sqlite"
    if not path.exists():
        shutil.copy(_built(), path)
    return EmbeddedBss(path, clock or Clock(), **settings)


def number(index: int) -> str:
    """The number of a member of the cast: 0 is 13800138000."""
    return f"138001380{index:02d}"


def who(bss: Port, index: int = 0) -> str:
    """The subscription of a member of the cast."""
    profile = bss.profile(number(index))
    assert profile is not None
    return profile.subscriber


def ask(bss: Port, name: str, index: int = 0, **args: str) -> Mapping[str, Value]:
    """The values of a query that succeeds."""
    answer = bss.query(name, who(bss, index), args)
    assert answer.result == "succeeded", answer
    return answer.values


def order(bss: Port, key: str, verb: str, index: int = 0, **args: str) -> Result:
    """Quotes an order and submits it on those terms; a refusal of the quote is returned."""
    quoted = bss.quote(verb, who(bss, index), args)
    return submit(bss, key, verb, index, quoted.quote, **args) if quoted.quote else quoted


def submit(bss: Port, key: str, verb: str, index: int, quote: Quote | None, **args: str) -> Result:
    """Submits an order on given terms; the answer is one that the order's signature promises."""
    answer = bss.submit(key, verb, who(bss, index), args, quote)
    if answer.result != "bad_parameter":  # also that of a verb that is none
        assert answer.result in SIGNATURES[ORDER, verb].outcomes
    return answer


def names(values: Mapping[str, Value], key: str = "items") -> list[str]:
    """The catalogue ids of a list's first column."""
    return [row[0].of for row in values[key].of]
