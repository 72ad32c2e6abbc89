"""Faults on demand: a port that delays, fails, hangs or loses answers as a script says.

The script is data, so that tests and a trial service share it: a JSON list of rules such as

    [{"call": "submit", "name": "subscribe", "do": "lose", "times": 1},
     {"call": "query", "do": "delay", "ms": 4000, "times": 0}]

`call` is profile | query | quote | submit | find | verify, `name` a query or a verb, `subscriber`
a subscription's id (for profile and verify a number); what is left out fits everything. The first
rule that fits and has `times` left (1 unless told, 0 = always) is applied.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from actions.port import Drops, NoAnswer, Permanent, Port, Result, Temporary
from dialog.events import Profile, Quote
from dialog.outcomes import OUTCOMES, REASONS

T = TypeVar("T")

_ALWAYS = 1 << 62

CALLS = ("profile", "query", "quote", "submit", "find", "verify")
DOES = {
    "delay": "waits `ms`, then does it",
    "temporary": "refuses the connection: nothing is done",
    "permanent": "rejects the request: nothing is done",
    "no_answer": "takes the request and does nothing, without an answer",
    "lose": "does it and loses the answer",
    "hang": "waits to be released, then does it",
    "hang_after": "does it, then waits to be released before it answers",
    "crash": "fails as no adapter should, before doing anything",
    "answer": "gives `result` and `raw`, or for none that there is nothing, and does nothing",
}


class BadFaults(ValueError):
    """A fault script that can't be read; the text says what to do."""


class Fault(NamedTuple):
    """One rule; empty words fit everything, `times` 0 is for ever, `ms` milliseconds."""

    do: str
    call: str = ""
    name: str = ""
    subscriber: str = ""
    times: int = 1
    ms: int = 0
    result: str = ""
    raw: str = ""

    def fits(self, call: str, name: str, subscriber: str) -> bool:
        """Whether the rule speaks of this call."""
        return (
            self.call in ("", call)
            and self.name in ("", name)
            and self.subscriber in ("", subscriber)
        )


def load(path: Path) -> tuple[Fault, ...]:
    """The rules of a script file. Raises BadFaults."""
    try:
        return parse(json.loads(path.read_text("utf-8")))
    except OSError as error:
        raise BadFaults(f"{path}: {error.strerror}: name a readable file") from error
    except json.JSONDecodeError as error:
        raise BadFaults(f"{path}:{error.lineno}: not JSON: {error.msg}") from error
    except BadFaults as error:
        raise BadFaults(f"{path}: {error}") from error


def parse(rows: Any) -> tuple[Fault, ...]:
    """The rules of a script. Raises BadFaults with the number of the rule, counted from 1."""
    if not isinstance(rows, list):
        raise BadFaults("write a list of rules")
    return tuple(_rule(n, row) for n, row in enumerate(rows, 1))


def _rule(n: int, row: Any) -> Fault:
    if not isinstance(row, dict) or row.get("do") not in DOES:
        raise BadFaults(f"rule {n}: `do` is one of {', '.join(DOES)}")
    if wrong := sorted(set(row) - set(Fault._fields)):
        raise BadFaults(f"rule {n}: no such word as {wrong[0]}; use {', '.join(Fault._fields)}")
    for key, value in row.items():
        if key in ("times", "ms"):
            if type(value) is not int or value < 0:
                raise BadFaults(f"rule {n}: `{key}` is a whole number from 0")
        elif not isinstance(value, str):
            raise BadFaults(f"rule {n}: `{key}` is text")
    fault = Fault(**row)
    if fault.call and fault.call not in CALLS:
        raise BadFaults(f"rule {n}: `call` is one of {', '.join(CALLS)}")
    if fault.result and fault.result not in OUTCOMES + REASONS:
        raise BadFaults(f"rule {n}: `result` is an outcome or a reason")
    return fault


class FaultyPort:
    """A port before another one (a Port), with faults."""

    def __init__(self, port: Port, faults: Iterable[Fault]) -> None:
        self._port = port
        self._lock = threading.Lock()
        self._faults = tuple(faults)
        self._left = [fault.times or _ALWAYS for fault in self._faults]
        self._released = threading.Event()
        self.reached = threading.Event()  # set when a call hangs: what tests wait for

    def release(self) -> None:
        """Lets go of what hangs; nothing hangs from now on."""
        self._released.set()

    @property
    def drops_duplicates(self) -> Drops:
        """As the port behind it."""
        return self._port.drops_duplicates

    @property
    def zone(self) -> str:
        """As the port behind it."""
        return self._port.zone

    @property
    def at_hand(self) -> bool:
        """Never: it may be told to be slow."""
        return False

    def profile(self, number: str) -> Profile | None:
        """As the port behind it; `answer` means nobody."""
        return self._apply("profile", "", number, lambda: self._port.profile(number), _nothing)

    def query(self, name: str, subscriber: str, args: Mapping[str, str]) -> Result:
        """As the port behind it."""
        ask = lambda: self._port.query(name, subscriber, args)  # noqa: E731
        return self._apply("query", name, subscriber, ask, _said)

    def quote(self, verb: str, subscriber: str, args: Mapping[str, str]) -> Result:
        """As the port behind it."""
        ask = lambda: self._port.quote(verb, subscriber, args)  # noqa: E731
        return self._apply("quote", verb, subscriber, ask, _said)

    def submit(
        self, key: str, verb: str, subscriber: str, args: Mapping[str, str], quote: Quote | None
    ) -> Result:
        """As the port behind it."""
        send = lambda: self._port.submit(key, verb, subscriber, args, quote)  # noqa: E731
        return self._apply("submit", verb, subscriber, send, _said)

    def find(self, key: str) -> Result | None:
        """As the port behind it; `answer` without a result means no such order."""
        said = lambda fault: _said(fault) if fault.result else None  # noqa: E731
        return self._apply("find", "", "", lambda: self._port.find(key), said)

    def verify(self, number: str, password: str) -> Result:
        """As the port behind it."""
        ask = lambda: self._port.verify(number, password)  # noqa: E731
        return self._apply("verify", "subscriber", number, ask, _said)

    def _apply(
        self,
        call: str,
        name: str,
        subscriber: str,
        do: Callable[[], T],
        answer: Callable[[Fault], T],
    ) -> T:
        fault = self._next(call, name, subscriber)
        if fault is None:
            return do()
        if fault.do == "answer":
            return answer(fault)
        _fail(fault)
        if fault.do == "hang":
            self._hang()
        elif fault.do == "delay":
            time.sleep(fault.ms / 1000)
        done = do()
        if fault.do == "lose":
            raise NoAnswer(fault.raw or "lost")
        if fault.do == "hang_after":
            self._hang()
        return done

    def _next(self, call: str, name: str, subscriber: str) -> Fault | None:
        with self._lock:
            for n, fault in enumerate(self._faults):
                if self._left[n] and fault.fits(call, name, subscriber):
                    self._left[n] -= 1
                    return fault
        return None

    def _hang(self) -> None:
        self.reached.set()
        self._released.wait()


def _fail(fault: Fault) -> None:
    raw = fault.raw or fault.do
    if fault.do == "temporary":
        raise Temporary(raw)
    if fault.do == "permanent":
        raise Permanent(raw)
    if fault.do == "no_answer":
        raise NoAnswer(raw)
    if fault.do == "crash":
        raise RuntimeError(raw)


def _nothing(fault: Fault) -> None:
    del fault


def _said(fault: Fault) -> Result:
    return Result(fault.result, raw=fault.raw)
