"""A house for the tests of the runner: shipped menus, a real ledger, a BSS that answers on call.

Real parts throughout; only time stands still until a test moves it. BSS answers come when the test
lets them (`Rig.answer`), timers fire when it says so (`Rig.tick`), and a process can be lost before
or behind any commit (`Rig.crash_at`): what it still wanted to write is gone, what is on the disk
is there for the next one.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from functools import cache
from pathlib import Path
from typing import Any

from bss_case import embedded

from actions.embedded.bss import EmbeddedBss
from actions.faults import Fault, FaultyPort
from actions.lanes import LaneSettings
from actions.perform import LANES, Done, Performer
from actions.port import Drops, Result
from actions.timers import Timer, Timers
from dialog.events import CallArrived, CallEnded, DigitsEntered, Event, Profile, TextReceived
from dialog.host import Delivery, Reply
from dialog.session import NETWORK, TEXT, VOICE, Origin, Session, load
from dialog.turn import Perform
from hotline.house import clock
from hotline.ids import uuid7
from hotline.runner import Runner
from hotline.sweep import finish, reconcile, recover, sweep
from hotline.vault import Vault
from hotline.versions import Versions
from ivr.studio import tone_site
from ledger import records
from ledger.ledger import Ledger
from menus.clips import clips
from menus.loader import load_sources, read_sources
from menus.model import Model

ROOT = Path(__file__).parent.parent
NUMBER = "13800138000"
PASSWORD = "135246"
FAR = 24 * 3600 * 1000
SHORT = LaneSettings(threads=4, attempt_ms=400, total_ms=1500, attempts=3, backoff_ms=1)


@cache
def site() -> tuple[dict[str, str], Model]:
    """The shipped menus: their sources and their model."""
    sources = read_sources(ROOT)
    model, _ = load_sources(sources)
    assert model is not None
    return sources, model


@cache
def _template() -> Path:
    """A state folder whose ledger serves the shipped menus and whose BSS is filled."""
    home = Path(tempfile.mkdtemp(prefix="hotline-home-"))
    with Ledger.open(home / "ledger.db") as ledger:
        Versions(ledger, now=clock).publish(*site(), "test", "")
    embedded(home).close()
    Vault.at(home / "secret.key")
    return home


def make_home(folder: Path) -> Path:
    """A fresh state folder."""
    home = folder / "home"
    shutil.copytree(_template(), home)
    return home


def toned_site(folder: Path) -> Path:
    """The shipped menus as a site of its own, with a short tone for every clip."""
    for file in ("menus.yaml", "topics.yaml"):
        shutil.copy(ROOT / file, folder)
    tone_site(folder / "prompts", clips(site()[1]))
    return folder


class LedgerOnALine(Ledger):
    """A ledger whose process can be lost: from then on nothing is written and nobody is called."""

    def __init__(self, path: Path, zone: str) -> None:
        super().__init__(path, zone)
        self.lost = False
        self.writes = 0
        self._left, self._after = -1, False

    def crash_at(self, nth: int, after: bool) -> None:
        """The process is lost at the nth step from now: before it is written, or just `after`."""
        self._left, self._after = nth, after

    def commit(self, commit: records.Commit, told: Callable[[Exception | None], None]) -> None:
        """As the ledger's."""
        self.writes += 1
        if not self.lost and self._left == 0:
            if self._after:
                self.write(commit).exception()
            self.lost = True
        self._left -= 1
        if not self.lost:
            super().commit(commit, told)

    def append(self, rows: Any) -> Future[None]:
        """As the ledger's."""
        self.writes += bool(rows)  # so that `settle` waits for it
        return Future() if self.lost else super().append(rows)


class HeldPerformer(Performer):
    """Jobs wait until the test lets the BSS answer them, but those of a BSS that is `at_hand`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.held: list[tuple[Perform, Done | None]] = []
        self.at_hand = False

    def perform(self, job: Perform, done: Done | None = None) -> Future[Result]:
        """Keeps the job."""
        self.held.append((job, done))
        return Future()

    def let(self, n: int) -> Result:
        """Carries out the n-th kept job and hands its result over."""
        job, done = self.held.pop(n)
        result = Performer.perform(self, job).result()
        if done is not None:
            done(result)
        return result

    def at_once(self, job: Perform) -> Result | None:
        """As the performer's, of a BSS at hand."""
        return super().at_once(job) if self.at_hand else None

    def fetch_profile(
        self, number: str, patience_ms: int, done: Callable[[Profile | None], None]
    ) -> None:
        """At once."""
        done(self.port.profile(number))

    def reconcile(
        self, key: str, done: Callable[[Result | None], None] | None = None
    ) -> Future[Result | None]:
        """At once."""
        future = super().reconcile(key)
        if done is not None:
            done(future.result())
        return future


class HandTimers(Timers):
    """Timers that fire when the test says so."""

    def __init__(self) -> None:
        self.calls: list[tuple[float, Callable[[], None]]] = []

    def after(self, ms: float, call: Callable[[], None]) -> Timer:
        """Keeps the call; it is made even if it is cancelled, as one that comes just then is."""
        self.calls.append((ms, call))
        return Timer(call)

    def fire(self) -> int:
        """Makes all calls that are there; how many."""
        calls, self.calls = self.calls, []
        for _, call in calls:
            call()
        return len(calls)

    def close(self) -> None:
        """Forgets them."""
        self.calls.clear()


class Answers(list[Reply | Exception]):
    """What a channel was told about one delivery that it made."""

    @property
    def last(self) -> Reply:
        """The reply that came last."""
        reply = self[-1]
        assert isinstance(reply, Reply), reply
        return reply

    @property
    def said(self) -> list[str]:
        """The ids of all texts said."""
        return [say.text for reply in self if isinstance(reply, Reply) for say in reply.say]

    @property
    def over(self) -> bool:
        """Whether nothing more may come."""
        return bool(self) and (
            isinstance(self[-1], Exception) or not isinstance(self[-1].then, Perform)
        )


class Rig:
    """One process over a state folder. Has what hotline.sweep needs of a House.

    A `live` one has real timers and a BSS that answers by itself. `known` are models that it need
    not read again out of the record.
    """

    def __init__(
        self,
        home: Path,
        *,
        drops: Drops = "by_key",
        now: Callable[[], int] = clock,
        live: bool = False,
        known: Iterable[Model] = (),
    ) -> None:
        self.home, self.now = home, now
        self.vault = Vault.at(home / "secret.key")
        self.ledger = LedgerOnALine(home / "ledger.db", "Asia/Shanghai")
        self.versions = Versions(self.ledger, now=now)
        for model in known:
            self.versions._keep(model)
        self.versions.publish(*site(), "test", "")
        self.bss: EmbeddedBss = embedded(home, now, drops_duplicates=drops)  # type: ignore[arg-type]
        lanes = dict.fromkeys(LANES, SHORT)
        kind = Performer if live else HeldPerformer
        self.performer: Any = kind(self.bss, open_secret=self.vault.open, lanes=lanes)
        self.timers: Any = Timers() if live else HandTimers()
        self.runner = Runner(
            self.ledger, self.versions, self.performer, self.vault, self.timers,
            now=now, new_id=uuid7,
        )  # fmt: skip
        self._n = 0

    # -- what channels bring ---------------------------------------------------------------------

    def deliver(self, delivery: Delivery) -> Answers:
        """Brings something and waits until the house has taken it in."""
        answers = Answers()
        self.runner.deliver(delivery, answers.append)
        self.settle()
        return answers

    def text(self, body: str, number: str = NUMBER, key: str = "") -> Answers:
        """A text from a number."""
        return self.deliver(text_of(body, number, key or self._key("sms")))

    def call(self, number: str = NUMBER, *, held: bool = False, traffic: str = "real") -> Caller:
        """A call that has just been answered, by requests or on a `held` line."""
        return Caller(self, number, self._key("call"), held=held, traffic=traffic)

    def _key(self, kind: str) -> str:
        self._n += 1
        return f"{kind}-{id(self)}-{self._n}"

    # -- what happens meanwhile --------------------------------------------------------------------

    def settle(self) -> None:
        """Waits until the ledger's thread has nothing to do."""
        while not self.ledger.lost:
            before = self.ledger.writes
            self.ledger.append([]).result()
            if self.ledger.writes == before:
                return

    def answer(self, *faults: Fault, n: int = 0) -> Result:
        """The BSS answers the n-th job that waits, after these faults."""
        self.performer.port = FaultyPort(self.bss, faults) if faults else self.bss
        result = self.performer.let(n)
        self.performer.port = self.bss
        self.settle()
        return result

    def answer_all(self) -> None:
        """The BSS answers until nobody waits for it."""
        while self.performer.held:
            self.answer()

    def tick(self) -> int:
        """All timers fire."""
        fired = self.timers.fire()
        self.settle()
        return fired

    def crash_at(self, nth: int, *, after: bool) -> None:
        """The process is lost at its nth step from now, before or `after` the disk has it."""
        self.ledger.crash_at(nth, after)

    def sweep(self, ms: int = FAR) -> int:
        """The sweeper comes by `ms` from now."""
        found = sweep(self, self.now() + ms)  # type: ignore[arg-type]
        self.settle()
        return found

    def recover(self) -> int:
        """As at a start."""
        found = recover(self)  # type: ignore[arg-type]
        self.settle()
        return found

    def reconcile(self, after: str = "") -> str:
        """Asks for orders of unknown end."""
        last = reconcile(self, self.now(), after)  # type: ignore[arg-type]
        self.settle()
        return last

    def finish(self, session: str) -> None:
        """As recovery does for one dialogue."""
        found = self.session(session)
        assert found is not None
        finish(self, found)  # type: ignore[arg-type]
        self.settle()

    # -- what is in the record ---------------------------------------------------------------------

    def session(self, session: str) -> Session | None:
        """A session that is not over."""
        text = self.ledger.session(session)
        return load(text) if text else None

    def outcomes(self, session: str = "") -> list[tuple[str, str]]:
        """Leaf and outcome or reason of the requests, in order."""
        found = []
        for request in sorted(self.ledger.rows(records.Request), key=lambda row: (row.at, row.n)):
            if not session or request.session == session:
                closed = self.ledger.rows(records.Closing, request=request.id)
                found.append(
                    (request.leaf, closed[0].reason or closed[0].outcome if closed else "open")
                )
        return found

    def order_states(self) -> dict[str, list[str]]:
        """Each order's states, in order."""
        states: dict[str, list[str]] = {o.id: [] for o in self.ledger.rows(records.Order)}
        for row in self.ledger._read(
            "SELECT order_id, state FROM order_moves ORDER BY order_id, n"
        ):
            states[row[0]].append(row[1])
        return states

    def lose(self) -> None:
        """The process is lost as it stands."""
        self.ledger.lost = True

    def close(self) -> None:
        """Ends what a test must not leave behind."""
        self.performer.close()
        self.timers.close()
        self.ledger.close()
        self.bss.close()


class Caller:
    """One call into a rig."""

    def __init__(
        self, rig: Rig, number: str, dialogue: str, *, held: bool = False, traffic: str = "real"
    ) -> None:
        self.rig, self.dialogue, self.number, self.held = rig, dialogue, number, held
        identity = NETWORK if number else "none"
        self.origin = Origin(VOICE, "10086", number, identity, "trunk", traffic)
        self.n = 0
        self.heard: list[Answers] = []
        self.deliveries: list[Delivery] = []
        self.bring(CallArrived(rig.now()))

    def bring(self, event: Event) -> Answers:
        """An event of this call."""
        self.n += 1
        delivery = self.delivery(event)
        answers = self.rig.deliver(delivery)
        self.deliveries.append(delivery)
        self.heard.append(answers)
        return answers

    def delivery(self, event: Event, n: int = 0) -> Delivery:
        """An event as the n-th delivery (default: the latest)."""
        key = f"{self.dialogue}/{n or self.n}"
        return Delivery(key, self.dialogue, self.origin, event, held=self.held)

    def press(self, keys: str, heard_ms: int = 1000) -> Answers:
        """An entry."""
        return self.bring(self.keys(keys, heard_ms))

    def keys(self, keys: str, heard_ms: int = 1000) -> DigitsEntered:
        """An entry, not yet brought."""
        return DigitsEntered(self.rig.now(), keys, heard_ms)

    def hang_up(self) -> Answers:
        """The caller is gone."""
        return self.bring(CallEnded(self.rig.now(), "caller", 500))

    @property
    def session(self) -> str:
        """Its session's id, "" when it was never recorded."""
        standing = self.rig.ledger.dialogue(self.dialogue)
        return standing.session if standing is not None else ""


def text_of(body: str, number: str, key: str) -> Delivery:
    """A text as a link brings it."""
    origin = Origin(TEXT, "10086", number, NETWORK, "link")
    return Delivery(key, "", origin, TextReceived(clock(), body), json.dumps({"to": key}))
