"""Turns per second of the engine alone, on one core, for the shipped site.

`python -m bench.engine`; seconds are of CPU time, for the machine may be shared. One caller's path
(welcome, two menus, a balance, a second menu, an order with its price, the confirmation, the end),
with and without the session's JSON round trip at each turn.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import engine
from dialog import values
from dialog.events import ActionDone, CallArrived, CallEnded, DigitsEntered, Event, Profile, Quote
from dialog.session import Origin, Session, load
from menus.loader import load as load_site
from menus.model import Model

SECONDS = 3.0
ORIGIN = Origin("voice", "10086", "13800138000", "network", "bench", "rehearsal")
PROFILE = Profile("S1", "cmcc", "gotone", tier="gold", province="beijing", language="zh-CN")
ANSWERS = {
    "query": {"balance": values.money(5860), "spent": values.money(9570)},
    "submit": {"from": values.date("2026-12-01")},
}
QUOTE = Quote(500, "month", "1", "now")
KEYS = ("1", "1", "1", "3", "1", "1", "1")


def events() -> Iterator[Event | None]:
    """The caller's events; None stands for the BSS's answer."""
    yield CallArrived(1, PROFILE)
    for key in KEYS[:2]:
        yield DigitsEntered(2, key, 900)
    yield None
    for key in KEYS[2:6]:
        yield DigitsEntered(3, key, 900)
    yield None
    yield DigitsEntered(4, KEYS[6], 4000)
    yield None
    yield CallEnded(5, "caller", 800)


def call(model: Model, path: tuple[Event | None, ...], round_trip: bool) -> int:
    """One call; gives its number of turns."""
    session: Session = engine.begin("bench", model, ORIGIN)
    for given in path:
        event = given
        if event is None:
            _, key, kind, *_ = session.wait
            event = ActionDone(3, key, "succeeded", ANSWERS.get(kind, {}), quote=QUOTE)
        session = engine.resume(model, session, event).session
        if round_trip:
            session = load(session.dump())
    return len(path)


def main() -> None:
    """Prints the two figures and their ratio."""
    model, _ = load_site(Path(__file__).parent.parent)
    assert model is not None
    path = tuple(events())
    rates = []
    for round_trip in (False, True):
        turns, begun = 0, time.process_time()
        while time.process_time() - begun < SECONDS:
            for _ in range(50):
                turns += call(model, path, round_trip)
        rates.append(turns / (time.process_time() - begun))
    print(f"engine                {rates[0]:>10,.0f} turns/s on one core (goal 100,000)")
    print(f"with JSON round trip  {rates[1]:>10,.0f} turns/s on one core (goal 30,000)")
    print(f"ratio                 {rates[1] / rates[0]:>10.2f}")


if __name__ == "__main__":
    main()
