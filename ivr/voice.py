"""Carries replies out on a held line: plays, waits for keys, transfers, hangs up.

One call is one generator without I/O. It yields what has to be done (a Command for the PBX, a
Delivery for the house, an Await for the house's next Reply) and is sent the answer; a driver
throws Gone when the line is lost. FastAGI and the classic AGI are two drivers of the same call.

Round trips: a list of prompts and the key that cuts it are one (Background gives the key as its
result), a key after the prompts one more, all further keys of an entry one.
"""

import logging
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, NamedTuple

from dialog.events import (
    CallArrived,
    CallEnded,
    DigitsEntered,
    Event,
    NoInput,
    TransferEnded,
)
from dialog.fields import TYPES
from dialog.host import Busy, Delivery, Host, Reply
from dialog.session import Origin
from dialog.turn import Collect, End, Perform, Transfer
from ivr import agi
from ivr.origin import masked
from ivr.sounds import CUT, UNCUT, Part, Program, Sounds

GRACE_S = 0.02
"""The house usually answers within this; only then is the channel put into a command."""
SLICE_MS = 150
"""The channel waits for the BSS inside WAIT FOR DIGIT of this length, so that no key is lost."""
STRAY_S = 3.0
"""A finishing key that comes this late after a full entry still belongs to it."""
TYPE_AHEAD = 64
"""Keys kept for later waits."""
ANSWER_S = 30.0
"""Seconds that the PBX may take for a command, beside what the command itself lasts."""
AGENT_S = 4 * 3600.0
"""Seconds that a talk with an agent may last."""

AGENT = "hotline-agent"
"""The dialplan's subroutine for a transfer, and below the variable that it leaves."""
AGENT_STATUS = "HOTLINE_TRANSFER_STATUS"
_STATUS = {"answered": "answered", "busy": "busy", "no_answer": "no_answer"}

_log = logging.getLogger(__name__)


class Gone(Exception):
    """The line is lost; `by` is caller | network | hotline."""

    def __init__(self, by: str) -> None:
        super().__init__(by)
        self.by = by


class Command(NamedTuple):
    """A line for the PBX, answered with an agi.Reply within `seconds`."""

    line: bytes
    seconds: float = ANSWER_S


class Await(NamedTuple):
    """The house's next Reply or Exception, or None when none has come within `seconds`."""

    seconds: float


Steps = Generator[Command | Delivery | Await, Any, None]
_Sent = Generator[Command | Delivery | Await, Any, agi.Reply]


@dataclass(frozen=True, slots=True)
class House:
    """What all calls of a server share.

    `apology` are the clips played when the house fails or is full. `now` is UTC milliseconds,
    `clock` a monotonic clock in seconds.
    """

    host: Host
    sounds: Sounds
    now: Callable[[], int]
    clock: Callable[[], float]
    apology: tuple[str, ...] = ()


_ANSWER = agi.answer()
_HANGUP = Command(agi.hangup())
_STATUS_OF_LINE = Command(agi.channel_status())
_SLICE = Command(agi.wait_for_digit(SLICE_MS))


class Call:
    """One call. `run` is its life; nothing is shared with another call."""

    __slots__ = (
        "_ahead",
        "_failed",
        "_heard",
        "_house",
        "_n",
        "_over",
        "_playing",
        "_since",
        "_stray_until",
        "dialogue",
        "origin",
    )

    def __init__(self, house: House, origin: Origin, call_id: str) -> None:
        self._house = house
        self.origin = origin
        self.dialogue = f"{origin.link}/{call_id}"
        self._n = 0  # deliveries so far
        self._over = False  # CallEnded has been delivered
        self._ahead = ""  # keys pressed before they were asked for
        self._stray_until = 0.0
        self._heard = 0.0  # seconds played of the last turn's prompts
        self._failed: tuple[str, ...] = ()
        self._playing = 0  # milliseconds of what plays now, since _since
        self._since = 0.0

    def __str__(self) -> str:
        return f"call {self.dialogue} from {masked(self.origin.caller)}"

    def run(self) -> Steps:
        """The call from ANSWER to HANGUP. Ends by itself; never raises."""
        try:
            yield from self._talk()
        except Gone as gone:
            if self._n and not self._over:
                yield self._ended(gone.by)

    def _talk(self) -> Steps:
        try:
            yield from self._command(Command(_ANSWER))
            reply = yield from self._deliver(CallArrived(self._house.now()))
            while not isinstance(reply.then, End):
                event = yield from self._carry(reply)
                reply = yield from self._deliver(event)
            yield from self._play(reply, UNCUT)
        except Gone:
            raise
        except Exception as error:  # noqa: BLE001 - the caller must not hear silence, whatever failed
            _log.error("%s: %s; apologised", self, _reason(error))
            yield from self._apologise()
        yield self._ended("hotline")
        yield _HANGUP

    def _carry(self, reply: Reply) -> Generator[Any, Any, Event]:
        if isinstance(reply.then, Collect):
            return (yield from self._collect(reply, reply.then))
        assert isinstance(reply.then, Transfer)
        return (yield from self._transfer(reply, reply.then))

    # -- the house ---------------------------------------------------------------------------

    def _deliver(self, event: Event) -> Generator[Any, Any, Reply]:
        """Hands an event over; comes back with the reply that waits for the caller."""
        yield self._delivery(event)
        self._heard, self._failed = 0.0, ()  # told
        reply = yield Await(GRACE_S)
        while True:
            if reply is None:
                key = (yield from self._command(_SLICE)).key
                self._type(key)
                reply = yield Await(0)
            elif isinstance(reply, Exception):
                raise reply
            else:
                self._heard, self._failed = 0.0, ()  # both are told of the last turn's prompts
                if not isinstance(reply.then, Perform):
                    return reply  # type: ignore[no-any-return]
                yield from self._listen(reply)
                reply = yield Await(GRACE_S)

    def _delivery(self, event: Event) -> Delivery:
        self._n += 1
        return Delivery(f"{self.dialogue}/{self._n}", self.dialogue, self.origin, event, held=True)

    def _ended(self, by: str) -> Delivery:
        self._over = True
        played = round(min((self._house.clock() - self._since) * 1000, self._playing))
        heard = self._heard_ms() + (played if self._playing else 0)
        return self._delivery(CallEnded(self._house.now(), by, heard, self._failed))

    def _heard_ms(self) -> int:
        return round(self._heard * 1000)

    def _apologise(self) -> Steps:
        for part in self._house.sounds.program(self._house.apology, UNCUT).parts:
            yield from self._command(Command(part.command, part.ms / 1000 + ANSWER_S))

    # -- the PBX -----------------------------------------------------------------------------

    def _command(self, command: Command) -> _Sent:
        """Sends one command. Raises Gone when the line is down; a -1 alone does not say so."""
        reply: agi.Reply = yield command
        if reply.dead:
            raise Gone("caller")
        if reply.result == "-1":
            status: agi.Reply = yield _STATUS_OF_LINE
            if not status.ok:
                raise Gone("caller")
        return reply

    def _play(self, reply: Reply, application: str) -> Generator[Any, Any, str]:
        """Plays a reply's prompts. The key that cut them, or an empty string."""
        if not reply.say:
            return ""
        clips = self._house.host.clips(reply)
        program = self._house.sounds.program(clips, application)
        if program.missing:
            self._failed = self._texts_without_audio(reply)
        started = self._heard
        key, failed = yield from self._program(program)
        if key and self._is_stray(key):
            rest = _after(self._house.sounds, clips, (self._heard - started) * 1000)
            key, failed = yield from self._program(self._house.sounds.program(rest, application))
        if failed:
            self._failed = tuple(dict.fromkeys(say.text for say in reply.say))
            self._house.sounds.forget(clips)
        return key

    def _program(self, program: Program) -> Generator[Any, Any, tuple[str, bool]]:
        for part in program.parts:
            self._playing, self._since = part.ms, self._house.clock()
            reply = yield from self._command(Command(part.command, part.ms / 1000 + ANSWER_S))
            took = self._house.clock() - self._since
            self._heard += took
            self._playing = 0
            if reply.key:
                return reply.key, False
            if not reply.ok or (yield from self._stopped_early(part, took)):
                return "", True
        return "", False

    def _stopped_early(self, part: Part, took: float) -> Generator[Any, Any, bool]:
        """Whether the PBX gave up on a file: it says so in a variable, asked for when in doubt."""
        if took * 2000 > part.ms:
            return False
        application = CUT if f'"{CUT}"'.encode() in part.command else UNCUT
        status = yield from self._command(Command(agi.get_variable(f"{application.upper()}STATUS")))
        return status.extra == "FAILED"

    def _texts_without_audio(self, reply: Reply) -> tuple[str, ...]:
        host, sounds = self._house.host, self._house.sounds
        found = [
            say.text
            for say in reply.say
            if any(sounds.ms(clip) is None for clip in host.clips(reply._replace(say=(say,))))
        ]
        return tuple(dict.fromkeys(found))

    # -- keys --------------------------------------------------------------------------------

    def _type(self, key: str) -> None:
        """Keeps a key for the next wait."""
        if key and not self._is_stray(key) and len(self._ahead) < TYPE_AHEAD:
            self._ahead += key

    def _is_stray(self, key: str) -> bool:
        """Whether this is the # of an entry that was already full when its last digit came."""
        stray = key == "#" and self._house.clock() < self._stray_until
        self._stray_until = 0.0
        return stray

    def _listen(self, reply: Reply) -> Generator[Any, Any, None]:
        """Plays prompts that a key cuts; the key is kept. Keys there already cut at once."""
        if not self._ahead:
            self._type((yield from self._play(reply, CUT)))

    def _collect(self, reply: Reply, wait: Collect) -> Generator[Any, Any, Event]:
        if wait.flush:
            self._ahead = ""
        if wait.barge_in:
            yield from self._listen(reply)
        else:
            yield from self._play(reply, UNCUT)
        entry = yield from self._entry(wait)
        now, heard = self._house.now(), self._heard_ms()
        if entry is None:
            return NoInput(now, heard, self._failed)
        return DigitsEntered(now, entry, heard, self._failed)

    def _entry(self, wait: Collect) -> Generator[Any, Any, str | None]:
        """The keys of one entry without the finishing one; None when no key came in time."""
        entry = ""
        while True:
            while self._ahead:
                key, self._ahead = self._ahead[0], self._ahead[1:]
                if key == wait.finish:
                    return entry
                entry += key
                if len(entry) >= wait.max_digits:
                    return self._full(entry, wait)
                if entry == "*" and wait.type in TYPES and not TYPES[wait.type].star:
                    return entry  # leads back: nothing more can follow
            if entry and wait.finish == "#" and wait.max_digits - len(entry) > 1:
                return (yield from self._rest(entry, wait))
            ms = wait.between_ms if entry else wait.first_ms
            answer = yield from self._command(Command(agi.wait_for_digit(ms), ms / 1000 + ANSWER_S))
            if not answer.key:
                return entry or None
            self._type(answer.key)

    def _rest(self, entry: str, wait: Collect) -> Generator[Any, Any, str]:
        """All keys after the first in one round trip: GET DATA ends at #, when full, or in time."""
        room = wait.max_digits - len(entry)
        ms = wait.between_ms
        line = agi.command("GET DATA", "", str(ms), str(room))
        answer = yield from self._command(Command(line, room * ms / 1000 + ANSWER_S))
        if answer.ok:
            entry += answer.result or ""
        return self._full(entry, wait) if len(entry) >= wait.max_digits else entry

    def _full(self, entry: str, wait: Collect) -> str:
        if wait.finish and wait.max_digits > 1:
            self._stray_until = self._house.clock() + STRAY_S
        return entry

    # -- agents ------------------------------------------------------------------------------

    def _transfer(self, reply: Reply, wait: Transfer) -> Generator[Any, Any, Event]:
        yield from self._play(reply, UNCUT)
        self._ahead = ""
        done = yield from self._command(Command(agi.gosub(AGENT, "s", wait.topic), AGENT_S))
        status = "failed"
        if done.ok:
            left = yield from self._command(Command(agi.get_variable(AGENT_STATUS)))
            status = _STATUS.get(left.extra or "", status)
        return TransferEnded(self._house.now(), wait.topic, status)


def _after(sounds: Sounds, clips: tuple[str, ...], ms: float) -> tuple[str, ...]:
    """The clips that had not ended after `ms`."""
    for n, clip in enumerate(clips):
        ms -= sounds.ms(clip) or 0
        if ms < 0:
            return clips[n:]
    return ()


def _reason(error: Exception) -> str:
    """What went wrong, by its kind only: a message may hold what was keyed."""
    return (
        "the house is full" if isinstance(error, Busy) else f"{type(error).__name__} in the house"
    )
