"""Guessing a service password: three tries for a subscriber, however many guess at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hotline.house import House, clock
from hotline.rehearse import Rehearsal, caller_of
from hotline.settings import Settings
from ledger import records

ROOT = Path(__file__).parent.parent
TARGET = "13800138002"


def test_many_lines_at_once_get_three_guesses(tmp_path: Path) -> None:
    """Eight callers key eight wrong passwords of one subscriber: five are told it is locked."""
    with House(Settings(ROOT, tmp_path)) as house:
        calls = []
        for n in range(8):
            origin = caller_of(f"1380013800{n}", "10086", "voice", "terminal")
            call = Rehearsal(house.runner, origin, f"terminal:{n}", clock)
            call.dial()
            for keys in ("4", f"{TARGET}#"):
                call.press(keys)
            calls.append(call)
        with ThreadPoolExecutor(len(calls)) as lines:
            guesses = [f"91827{n}#" for n in range(len(calls))]
            list(lines.map(lambda line, keys: line.press(keys), calls, guesses))
        assert len(house.ledger.rows(records.PasswordTry, ok=False)) == 3
        refused = house.ledger.rows(records.Closing, reason="password_locked")
        assert len(refused) == 5


def test_the_right_password_forgives(tmp_path: Path) -> None:
    """Two slips and the right password: the count begins anew."""
    with House(Settings(ROOT, tmp_path)) as house:
        origin = caller_of("13800138001", "10086", "voice", "terminal")
        for n, guesses in enumerate((("246810#", "246811#", "135246#"), ("246810#", "135246#"))):
            call = Rehearsal(house.runner, origin, f"terminal:{n}", clock)
            call.dial()
            for keys in ("4", "13800138000#", *guesses, "x"):
                call.press(keys)
        closings = house.ledger.rows(records.Closing)
        assert [row.outcome for row in closings] == ["succeeded", "succeeded"]
