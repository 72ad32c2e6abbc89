"""The house that transcripts are played against, and the lines that carry them.

Each case has a house of its own: a site of tones, a home of its own, a clock that begins at the
case's time. What is said is overheard where channels and house meet, so that every line gives the
same transcript; what a line makes of it on the wire, the line itself compares.
"""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Protocol, cast
from zoneinfo import ZoneInfo

from transcript_ears import Jobs, Noting, Overheard, Passed
from transcript_file import Case, Dialogue, Requests, Said

from actions.embedded.store import Store
from actions.faults import FaultyPort
from actions.perform import LANES
from actions.port import Drops
from dialog import session as sessions
from dialog.events import Profile
from dialog.host import Reply
from dialog.session import Origin
from dialog.turn import Perform
from hotline import versions
from hotline.house import House
from hotline.rehearse import AGENT, HANG_UP, HANG_UP_AT_ONCE, NOTHING, Rehearsal
from hotline.settings import Settings
from hotline.sweep import sweep
from ivr.studio import tone_site
from ledger import records
from menus.clips import clips
from menus.findings import Finding
from menus.loader import load
from menus.model import Model

ROOT = Path(__file__).parent.parent
PATIENCE_S = 20.0
LAPSE_MS = 10 * 60_000
TOKEN = "a test's token"
MAY_HOLD_NUMBERS = {"complaints.number", "orders.number", "outbox.number", "versions.sources"}
"""The site's own texts show a number, too."""
_RECEIPT = re.compile(r"receipt=digits:\d{6}-[0-9A-Z]{8}")
"""A complaint's receipt number: another one each time."""
LANES_OF_TESTS = {
    name: lane._replace(backoff_ms=1, attempt_ms=20_000, total_ms=60_000)
    for name, lane in LANES.items()
}
"""No pauses between attempts, and time enough for the slowest machine."""


class Site(NamedTuple):
    """The shipped menus with tones for clips, and a BSS file to copy."""

    folder: Path
    bss: Path
    model: Model
    checked: tuple[Model | None, list[Finding]]


def make_site(folder: Path) -> Site:
    """The site of a test run; checked once, for every house checks the same files again."""
    shutil.copy(ROOT / "menus.yaml", folder)
    model, _ = load(folder)
    assert model is not None
    tone_site(folder / "prompts", clips(model))
    checked = versions.check(folder)
    home = folder / "first"
    home.mkdir()
    with House(Settings(folder, home)):
        pass
    bss = folder / "bss.db"
    shutil.move(home / "bss.db", bss)
    return Site(folder, bss, model, checked)


class Clock:
    """UTC milliseconds from a local date and time on; runs, and jumps when told."""

    def __init__(self, at: str, zone: str) -> None:
        local = datetime.fromisoformat(at).replace(tzinfo=ZoneInfo(zone))
        self._ms = round(local.timestamp() * 1000)
        self._since = time.monotonic()

    def __call__(self) -> int:
        """Now."""
        return self._ms + round((time.monotonic() - self._since) * 1000)

    def jump(self, ms: int) -> None:
        """Lets time pass."""
        self._ms += ms


# -- one case ------------------------------------------------------------------------------------


def _without_hurry(house: House) -> None:
    """However busy the machine is: no patience runs out but where a case says so."""
    after, fetch = house.timers.after, house.performer.fetch_profile

    def only_short(ms: int, call: Callable[[], None]) -> None:
        if ms < 1000:
            after(ms, call)

    def patient(number: str, patience_ms: int, done: Callable[[Profile | None], None]) -> None:
        fetch(number, max(patience_ms, 60_000), done)

    house.timers.after = only_short  # type: ignore[method-assign]
    house.performer.fetch_profile = patient  # type: ignore[method-assign]


def _change_people(bss: Path, people: Mapping[str, Mapping[str, str]]) -> None:
    """Makes subscribers what a case needs them to be."""
    if not people:
        return
    store = Store(bss)
    with store.change():
        for number, changed in people.items():
            person = store.person_of(number)
            assert person is not None, number
            store.set_person(person, **changed)
    store.close()


class Stage:
    """A house with a case's circumstances, and ears in it."""

    def __init__(self, case: Case, site: Site, home: Path) -> None:
        self.case, self.site = case, site
        shutil.copy(site.bss, home / "bss.db")
        _change_people(home / "bss.db", case.people)
        rules = home / "faults.json"
        rules.write_text(json.dumps(case.bss), "utf-8")
        self.clock = Clock(case.at, site.model.zone)
        lanes = {
            name: lane._replace(**case.lanes.get(name, {})) for name, lane in LANES_OF_TESTS.items()
        }
        settings = Settings(
            site.folder,
            home,
            bss_faults=rules if case.bss else None,
            drops=cast(Drops, case.drops),
            twilio_token=TOKEN,
            texts_a_minute=0,  # its clock stands still
            twilio_keywords=False,  # the house's own answers to STOP, START and HELP are told
            twilio_agent=case.dialogue.called,
            twilio_identity=case.dialogue.identity,
        )
        self.house = House(settings, now=self.clock, lanes=lanes)
        self.ears = Overheard(self.house.runner)
        _without_hurry(self.house)
        self.jobs = Jobs(self.house.performer)
        self.notes = Noting(self.house.versions)
        self.house.runner.replies = self.notes
        self._hangs = any(rule["do"].startswith("hang") for rule in case.bss)
        self._stays = not any(leaves(item) for item in case.dialogue.inputs)
        if self._hangs and self._stays:
            threading.Thread(target=self._slow, daemon=True).start()

    def _slow(self) -> None:
        """The BSS hangs: the caller's patience runs out, then the BSS answers."""
        port = self.house.bss
        assert isinstance(port, FaultyPort)
        port.reached.wait()
        reply = self.ears.last
        assert isinstance(reply.then, Perform)
        self.house.runner.slow(reply.session, reply.then.key)
        self.house.ledger.append([]).result()
        port.release()

    def hang(self) -> None:
        """Waits until the BSS works on what a caller is about to leave."""
        if self._hangs and not self._stays:
            port = self.house.bss
            assert isinstance(port, FaultyPort)
            assert port.reached.wait(PATIENCE_S)

    def wait(self, item: str) -> bool:
        """Lets time pass when the item of a text dialogue says so: `-`, `+25h` or `+4m`."""
        if item == NOTHING:
            self._lapse()
        elif time_ := re.fullmatch(r"\+(\d+)([hm])", item):
            self.clock.jump(int(time_[1]) * (3_600_000 if time_[2] == "h" else 60_000))
            self.ears.said.append(())
        else:
            return False
        return True

    def _lapse(self) -> None:
        """Nobody answers the open question until the sweeper finds it overdue."""
        self.clock.jump(LAPSE_MS)
        assert sweep(self.house, self.clock())
        self.house.ledger.append([]).result()
        self.ears.said.append(())

    def settle(self) -> None:
        """Lets what hangs go, and waits until no delivery is new and none waits for the BSS."""
        if isinstance(self.house.bss, FaultyPort):
            self.house.bss.release()
        end = time.monotonic() + PATIENCE_S
        while self._busy():
            assert time.monotonic() < end, "a dialogue still waits for the BSS"

    def _busy(self) -> bool:
        self.house.ledger.append([]).result()
        under_way = self.ears.busy or self.jobs.open
        return under_way or any(map(self._performing, self.ears.sessions))

    def _performing(self, session: str) -> bool:
        text = self.house.ledger.session(session)
        return text is not None and sessions.load(text).wait[:1] == ("Perform",)

    def said(self) -> Said:
        """The transcript's said lines; a turn in another language than the last begins with it."""
        language = self.site.model.languages[0]
        found = []
        for turn in self.ears.said:
            spoken = turn.replies[-1].language if isinstance(turn, Passed) else language
            change = (f"language={spoken}",) if spoken != language else ()
            language = spoken
            found.append((*change, *turn.lines) if isinstance(turn, Passed) else turn)
        return tuple(tuple(_RECEIPT.sub("receipt=*", line) for line in lines) for lines in found)

    def notices(self) -> tuple[str, ...]:
        """What was sent beside: a step that had to be taken again has not sent anything."""
        ledger = self.house.ledger
        return tuple(
            text for id_, text in self.notes.made.items() if ledger.rows(records.Outbox, id=id_)
        )

    def requests(self, of: list[str]) -> Requests:
        """The requests of sessions: each leaf and how it ended."""
        found = []
        for session in of:
            rows = self.house.ledger.rows(records.Request, session=session)
            for request in sorted(rows, key=lambda row: row.n):
                closed = self.house.ledger.rows(records.Closing, request=request.id)
                ended = (closed[0].reason or closed[0].outcome) if closed else "open"
                found.append((request.leaf, ended))
        return tuple(found)


def leaves(item: str) -> bool:
    """Whether the caller hangs up while the house works."""
    return item.endswith(HANG_UP) and item not in (HANG_UP, HANG_UP_AT_ONCE)


class Line(Protocol):
    """What carries a dialogue to the house."""

    def __call__(self, stage: Stage, dialogue: Dialogue) -> None:
        """Plays the dialogue to its end; all inputs must have been taken."""


class Played(NamedTuple):
    """What came of a case."""

    said: Said
    requests: Requests
    notices: tuple[str, ...]


@contextmanager
def played(case: Case, site: Site, home: Path, by: Line) -> Iterator[tuple[Stage, Played]]:
    """Plays a case; its house is open until the end of the block."""
    stage = Stage(case, site, home)
    try:
        for dialogue in case.setup:
            direct(stage, dialogue, "rehearsal" if by is direct else "real")
            stage.settle()
        before = set(stage.ears.sessions)
        stage.ears.forget()
        stage.notes.made.clear()
        by(stage, case.dialogue)
        stage.settle()
        own = [session for session in stage.ears.sessions if session not in before]
        yield stage, Played(stage.said(), stage.requests(own), stage.notices())
    finally:
        stage.house.close()


def check_record(stage: Stage, logged: str) -> None:
    """No secret and no caller's number stands where none may, and the tallies hold."""
    house, case = stage.house, stage.case
    for secret in stage.ears.secrets(stage.site.model):
        alone = re.compile(rf"(?<![0-9a-f]){re.escape(secret)}(?![0-9a-f])")
        for place in house.ledger.search(secret):
            cells = _cells(house.settings.home, place)
            assert not any(alone.search(cell) for cell in cells), f"a secret in {place}"
        assert not alone.search(logged), "a secret in the log"
        for file in house.settings.home.iterdir():
            if not file.name.startswith("bss.db"):
                text = file.read_bytes().decode("latin-1")
                assert not alone.search(text), f"a secret in {file.name}"
    over = all(house.ledger.session(session) is None for session in stage.ears.sessions)
    for number in _numbers(case):
        assert number not in logged
        places = set(house.ledger.search(number)) if over else set()
        assert places <= MAY_HOLD_NUMBERS, f"a full number in {places - MAY_HOLD_NUMBERS}"
    assert house.ledger.compare_counts() == []
    assert house.ledger.compare_visits() == []


def _numbers(case: Case) -> set[str]:
    """The caller's number and those that were keyed or texted."""
    found = re.findall(r"(?<!\d)1[3-9]\d{9}(?!\d)", " ".join(case.dialogue.inputs))
    return {*found, case.dialogue.caller} - {""}


def _cells(home: Path, place: str) -> list[str]:
    table, column = place.split(".")
    ledger = sqlite3.connect(home / "ledger.db")
    try:
        return [str(cell) for (cell,) in ledger.execute(f"SELECT {column} FROM {table}")]
    finally:
        ledger.close()


# -- lines ---------------------------------------------------------------------------------------


def direct(stage: Stage, dialogue: Dialogue, traffic: str = "rehearsal") -> None:
    """As the command line plays calls and texts."""
    origin = Origin(
        dialogue.channel,
        dialogue.called,
        dialogue.caller,
        dialogue.identity,
        "terminal",
        traffic,
    )
    name = f"terminal:{len(stage.ears.passed)}"
    legs = [item.removeprefix(AGENT) for item in dialogue.inputs if item.startswith(AGENT)]
    rehearsal = _Direct(stage, origin, name, legs)
    if dialogue.channel == "text":
        for text in dialogue.inputs:
            if not stage.wait(text):
                rehearsal.text(text)
        return
    rehearsal.dial()
    for item in dialogue.inputs:
        if not item.startswith(AGENT):
            assert not rehearsal.over, f"the call was over before {item}"
            rehearsal.press(item)
    assert not rehearsal.legs, "an agent was never asked for"
    if not rehearsal.over:
        rehearsal.hang_up()


class _Direct(Rehearsal):
    """The command line's caller, who knows when the BSS hangs."""

    def __init__(self, stage: Stage, origin: Origin, name: str, legs: list[str]) -> None:
        super().__init__(stage.house.runner, origin, name, stage.clock, legs, stage.case.unplayable)
        self._stage = stage

    def hang_up(self, heard_ms: int | None = None) -> Reply:
        """Hangs up, when the BSS works if it is to."""
        self._stage.hang()
        return super().hang_up(heard_ms)
