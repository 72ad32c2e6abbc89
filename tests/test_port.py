"""The fault injector before a port, and the port's errors."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from bss_case import embedded, number, order, who

from actions.faults import CALLS, DOES, BadFaults, Fault, FaultyPort, load, parse
from actions.port import BssError, NoAnswer, Permanent, Port, Result, Temporary


def test_without_a_fault_the_port_is_as_the_one_behind(tmp_path: Path) -> None:
    """Every call goes through, with its answer."""
    bss = embedded(tmp_path)
    port: Port = FaultyPort(bss, ())
    assert (port.zone, port.drops_duplicates) == ("Asia/Shanghai", "by_key")
    assert port.profile(number(0)) == bss.profile(number(0))
    assert port.query("balance", who(bss), {}) == bss.query("balance", who(bss), {})
    assert order(port, "k1", "subscribe", service="caller_id").result == "succeeded"
    assert port.find("k1") == bss.find("k1")
    assert port.verify(number(0), "135246") == bss.verify(number(0), "135246")


@pytest.mark.parametrize(
    ("do", "error"),
    [
        ("temporary", Temporary),
        ("permanent", Permanent),
        ("no_answer", NoAnswer),
        ("lose", NoAnswer),
        ("crash", RuntimeError),
    ],
)
def test_errors_and_what_was_done(tmp_path: Path, do: str, error: type[Exception]) -> None:
    """Only `lose` does the work before it fails; one time is enough for the script."""
    bss = embedded(tmp_path)
    port = FaultyPort(bss, [Fault(do, call="submit", name="subscribe", raw="E1")])
    with pytest.raises(error, match="E1"):
        order(port, "k1", "subscribe", service="caller_id")
    assert bss.changes("k1") == (do == "lose")
    assert order(port, "k2", "subscribe", service="fetion").result == "succeeded"


def test_a_rule_fits_call_name_and_subscriber(tmp_path: Path) -> None:
    """What a rule leaves out fits everything; what it names must be equal; 0 times is for ever."""
    bss = embedded(tmp_path)
    rules = [
        Fault("answer", "query", "points", who(bss, 2), times=2, result="backend_error"),
        Fault("answer", "verify", subscriber=number(1), times=0, result="password_locked"),
        Fault("answer", "profile", subscriber=number(3)),
        Fault("answer", "find", result="accepted"),
        Fault("answer", "find"),
    ]
    port = FaultyPort(bss, rules)
    assert port.query("points", who(bss, 1), {}).result == "succeeded"
    assert port.query("balance", who(bss, 2), {}).result == "succeeded"
    words = [port.query("points", who(bss, 2), {}).result for _ in range(3)]
    assert words == ["backend_error", "backend_error", "succeeded"]
    assert {port.verify(number(1), "000000").result for _ in range(3)} == {"password_locked"}
    assert port.profile(number(3)) is None
    assert port.profile(number(3)) is not None
    assert [port.find("k1"), port.find("k1")] == [Result("accepted"), None]


@pytest.mark.parametrize("do", ["hang", "hang_after"])
def test_a_hang_is_held_until_released(tmp_path: Path, do: str) -> None:
    """`hang` does the work after it is let go, `hang_after` before it hangs."""
    bss = embedded(tmp_path)
    port = FaultyPort(bss, [Fault(do, call="submit")])
    answers: list[Result] = []
    caller = threading.Thread(
        target=lambda: answers.append(order(port, "k1", "subscribe", service="caller_id"))
    )
    caller.start()
    port.reached.wait()
    assert bss.changes("k1") == (do == "hang_after")
    assert not answers
    port.release()
    caller.join()
    assert answers[0].result == "succeeded"


def test_a_script_is_read_from_a_file(tmp_path: Path) -> None:
    """A JSON list of rules, in order."""
    script = tmp_path / "faults.json"
    rows = [{"do": "delay", "call": "query", "ms": 0, "times": 0}, {"do": "lose"}]
    script.write_text(json.dumps(rows), "utf-8")
    assert load(script) == (Fault("delay", "query", times=0), Fault("lose"))
    assert FaultyPort(embedded(tmp_path), load(script)).query("home_location", "", {}).result == (
        "bad_parameter"
    )


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ({}, "write a list of rules"),
        ([{}], f"rule 1: `do` is one of {', '.join(DOES)}"),
        ([{"do": "explode"}], "rule 1: `do` is one of"),
        ([{"do": "lose"}, {"do": "lose", "when": "x"}], "rule 2: no such word as when"),
        ([{"do": "delay", "ms": "5"}], "rule 1: `ms` is a whole number from 0"),
        ([{"do": "delay", "times": -1}], "rule 1: `times` is a whole number from 0"),
        ([{"do": "lose", "times": True}], "rule 1: `times` is a whole number from 0"),
        ([{"do": "lose", "name": 5}], "rule 1: `name` is text"),
        ([{"do": "lose", "call": "pay"}], f"rule 1: `call` is one of {', '.join(CALLS)}"),
        ([{"do": "answer", "result": "fine"}], "rule 1: `result` is an outcome or a reason"),
    ],
)
def test_a_bad_script_is_refused_in_one_sentence(tmp_path: Path, rows: Any, says: str) -> None:
    """The sentence names the rule and what may stand there, and from a file the file."""
    with pytest.raises(BadFaults, match=says):
        parse(rows)
    script = tmp_path / "faults.json"
    script.write_text(json.dumps(rows), "utf-8")
    with pytest.raises(BadFaults, match=rf"faults\.json: {says}"):
        load(script)


def test_a_script_that_can_t_be_read(tmp_path: Path) -> None:
    """A missing file and one that is no JSON say so."""
    with pytest.raises(BadFaults, match="name a readable file"):
        load(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text("[\n{", "utf-8")
    with pytest.raises(BadFaults, match=r"bad\.json:2: not JSON"):
        load(tmp_path / "bad.json")


def test_an_error_carries_its_code_only() -> None:
    """The record gets the BSS's code, or the kind of the error when there is none."""
    assert Temporary("E1").raw == "E1"
    assert NoAnswer().raw == "NoAnswer"
    assert issubclass(Permanent, BssError)
