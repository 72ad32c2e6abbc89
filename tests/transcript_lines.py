"""The lines that carry transcripts besides the command line's: FastAGI bytes, TwiML, Twilio texts.

Each plays the other end of the wire: it takes what the channel sends, checks that it is what the
house said, and does what the caller does.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

from transcript_ears import Passed
from transcript_file import Case, Dialogue
from transcript_site import PATIENCE_S, TOKEN, Line, Stage, direct, leaves
from twilio.request_validator import RequestValidator
from werkzeug.test import TestResponse

from dialog.session import NETWORK, VOICE
from hotline.rehearse import AGENT, HANG_UP, HANG_UP_AT_ONCE, NOTHING
from hotline.web import make_app
from ivr.fastagi import FastAgiServer
from ivr.sounds import Sounds
from ivr.voice import SLICE_MS

HERE = "http://localhost"
ENVIRONMENT = (
    "agi_network: yes\nagi_request: agi://127.0.0.1/hotline\nagi_channel: PJSIP/trunk-1\n"
    "agi_uniqueid: 1795300000.{n}\nagi_callerid: {caller}\nagi_callingpres: {presentation}\n"
    "agi_extension: {called}\nagi_arg_1: {called}\nagi_arg_2: {identity}\n\n"
)


def lines_of(case: Case) -> dict[str, Line]:
    """The lines that can carry a case."""
    found: dict[str, Line] = {"direct": direct}
    if case.dialogue.channel == VOICE:
        found["fastagi"] = fastagi
        if not case.unplayable and not any(
            i.endswith(HANG_UP_AT_ONCE) for i in case.dialogue.inputs
        ):
            found["twiml"] = by_twiml  # Twilio tells neither
    elif case.dialogue.identity == NETWORK:  # as the webhook takes every texter to be
        found["twilio"] = by_twilio
    return found


def clips_of(stage: Stage, passed: Passed) -> list[str]:
    """What a channel must play for a delivery."""
    runner = stage.house.runner
    return [clip for reply in passed.replies for clip in runner.clips(reply)]


class Caller:
    """What a caller does next, out of a dialogue's inputs."""

    def __init__(self, dialogue: Dialogue) -> None:
        self.items = deque(i for i in dialogue.inputs if not i.startswith(AGENT))
        self.legs = deque(i.removeprefix(AGENT) for i in dialogue.inputs if i.startswith(AGENT))

    def leg(self) -> str:
        """How the next agent's leg ends."""
        return self.legs.popleft() if self.legs else "answered"

    def done(self) -> None:
        """Every input must have been taken."""
        assert not self.items, f"nobody asked for {', '.join(self.items)}"
        assert not self.legs, "an agent was never asked for"


# -- FastAGI ---------------------------------------------------------------------------------------


def fastagi(stage: Stage, dialogue: Dialogue) -> None:
    """A PBX on the other end of a FastAGI connection."""
    heard, first = _Playing(), len(stage.ears.passed)
    with (
        _serving(stage, heard) as port,
        socket.create_connection(("127.0.0.1", port), PATIENCE_S) as line,
    ):
        pbx = _Pbx(stage, dialogue, line, heard)
        pbx.carry()
    said = [clips for passed in stage.ears.passed[first:] if (clips := clips_of(stage, passed))]
    played = list(pbx.played.values())
    for clips, whole in zip(played[:-1], said, strict=False):
        # what can't be played ends its command, and a long reply is several
        assert clips == (whole[: len(clips)] if stage.case.unplayable else whole)
    assert played[-1] == said[len(played) - 1][: len(played[-1])]  # a caller may leave early


class _Playing:
    """The clock of what is heard: it goes on while a prompt plays and no faster."""

    def __init__(self) -> None:
        self.ms = 0

    def __call__(self) -> float:
        """Seconds."""
        return self.ms / 1000


@contextmanager
def _serving(stage: Stage, heard: _Playing) -> Iterator[int]:
    """A FastAGI server of the stage's house, in a thread of its own; gives its port."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = FastAgiServer(
        stage.house.runner,
        stage.site.folder / "prompts",
        port=0,
        now=stage.clock,
        clock=heard,
        apology=stage.house.apology(),
    )
    try:
        yield asyncio.run_coroutine_threadsafe(server.start(), loop).result(PATIENCE_S)
    finally:
        asyncio.run_coroutine_threadsafe(server.close(PATIENCE_S), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class _Pbx:
    """Answers AGI commands as Asterisk does, with the caller's keys."""

    def __init__(
        self, stage: Stage, dialogue: Dialogue, line: socket.socket, heard: _Playing
    ) -> None:
        self._stage, self._dialogue, self._line, self._heard = stage, dialogue, line, heard
        self._sounds = Sounds(stage.site.folder / "prompts")
        self._caller = Caller(dialogue)
        self._entry = ""  # keys of the entry under way that have not been sent yet
        self._leaves = self._gone = self._failed = False
        self.played: dict[int, list[str]] = {}

    def carry(self) -> None:
        """The call from its environment to its end."""
        dialogue = self._dialogue
        environment = ENVIRONMENT.format(
            n=len(self._stage.ears.passed),
            caller=dialogue.caller or "unknown",
            presentation=0 if dialogue.caller else 32,
            called=dialogue.called,
            identity=dialogue.identity,
        )
        self._line.sendall(environment.encode())
        with self._line.makefile("rb") as commands:
            for command in commands:
                words = [word.strip('"') for word in command.decode().rstrip("\n").split(' "')]
                self._line.sendall(self._answer(words).encode())
        self._caller.done()

    def _answer(self, words: list[str]) -> str:
        if self._gone:
            return "511 Command Not Permitted on a dead channel\n"
        match words:
            case ["EXEC", "Background", _] if self._entry == "#":
                return self._finishing_key()
            case ["EXEC", "Background" | "Playback", files]:
                return self._play(files.split("&"))
            case ["WAIT FOR DIGIT", _] if self._entry == "#":
                return self._finishing_key()
            case ["WAIT FOR DIGIT", ms]:
                return self._work() if int(ms) == SLICE_MS else self._key()
            case ["GET DATA", _, _, room]:
                keys = self._entry.partition("#")[0][: int(room)]
                full = len(keys) == int(room)
                self._entry = self._entry[len(keys) :] if full else ""
                return f"200 result={keys}\n"
            case ["GET VARIABLE", "HOTLINE_TRANSFER_STATUS"]:
                return f"200 result=1 ({self._caller.leg()})\n"
            case ["GET VARIABLE", "BACKGROUNDSTATUS" | "PLAYBACKSTATUS"]:
                return f"200 result=1 ({'FAILED' if self._failed else 'SUCCESS'})\n"
            case ["GOSUB", *_]:
                return "100 result=0 Trying...\n200 result=0 Gosub complete\n"
            case ["ANSWER"]:
                return "200 result=0\n"
            case ["HANGUP"]:
                self._gone = True
                return "200 result=1\n"
        raise AssertionError(f"no such command: {words}")

    def _finishing_key(self) -> str:
        """The # of an entry that was full already: it comes late and answers nothing."""
        self._entry = ""
        return f"200 result={ord('#')}\n"

    def _play(self, files: list[str]) -> str:
        if self._caller.items and self._caller.items[0] == HANG_UP_AT_ONCE:
            self._caller.items.popleft()
            return self._hang_up()
        folder = f"{self._sounds.folder}/"
        clips = [f"{file.removeprefix(folder)}.wav" for file in files]
        self.played.setdefault(len(self._stage.ears.passed) - 1, []).extend(clips)
        texts = {clip.split("/")[1].partition(".")[0] for clip in clips}
        self._failed = bool(texts & self._stage.case.unplayable)
        if not self._failed:
            self._heard.ms += sum(self._sounds.ms(clip) or 0 for clip in clips)
        return "200 result=0\n"

    def _key(self) -> str:
        if not self._entry:
            item = self._caller.items.popleft() if self._caller.items else HANG_UP
            if item == HANG_UP:
                return self._hang_up()
            if item == NOTHING:
                return "200 result=0\n"
            self._leaves = leaves(item)
            self._entry = item.removesuffix(HANG_UP)
            if self._entry == "#":
                return self._finishing_key()
        key, self._entry = self._entry[0], self._entry[1:]
        return f"200 result={ord(key)}\n"

    def _work(self) -> str:
        """The house works: the caller waits for what it says next, or is gone."""
        if self._leaves:
            self._stage.hang()
            return self._hang_up()
        ears = self._stage.ears
        told = sum(len(passed.replies) for passed in ears.passed)
        with ears.changed:
            ears.changed.wait_for(
                lambda: sum(len(passed.replies) for passed in ears.passed) > told, SLICE_MS / 1000
            )
        return "200 result=0\n"

    def _hang_up(self) -> str:
        self._gone = True
        return "HANGUP\n200 result=-1\n"


# -- Twilio ----------------------------------------------------------------------------------------


class _Twilio:
    """Twilio's end of the webhooks, signed."""

    def __init__(self, stage: Stage, dialogue: Dialogue) -> None:
        self._client = make_app(stage.house).test_client()
        self._form = {
            "From": f"+86{dialogue.caller}" if dialogue.caller else "anonymous",
            "To": dialogue.called,
        }

    def post(self, url: str, **fields: str) -> TestResponse:
        """Posts a form to a URL of the app."""
        form = {**self._form, **fields}
        signature = RequestValidator(TOKEN).compute_signature(url, form)
        answer = self._client.post(url, data=form, headers={"X-Twilio-Signature": signature})
        assert answer.status_code in (200, 204), answer.status
        return answer


def by_twilio(stage: Stage, dialogue: Dialogue) -> None:
    """Texts through Twilio's webhook; the answer carries the reply."""
    twilio = _Twilio(stage, dialogue)
    for n, text in enumerate(dialogue.inputs):
        if stage.wait(text):
            continue
        answer = twilio.post(f"{HERE}/twilio/sms", MessageSid=f"SM{n:032x}", Body=text)
        message = ElementTree.fromstring(answer.data).findtext("Message") or ""
        assert message == stage.ears.last.text


def by_twiml(stage: Stage, dialogue: Dialogue) -> None:
    """A call through Twilio's webhooks: verbs out, digits in."""
    _TwilioCall(stage, dialogue).carry()


class _TwilioCall:
    """A call as Twilio carries it."""

    def __init__(self, stage: Stage, dialogue: Dialogue) -> None:
        self._stage = stage
        self._twilio = _Twilio(stage, dialogue)
        self._caller = Caller(dialogue)
        self._sid = f"CA{len(stage.ears.passed):032x}"
        self._played: list[str] = []

    def carry(self) -> None:
        """The call from its first webhook to its status callback."""
        after: Callable[[], Any] | None = partial(self._turn, f"{HERE}/twilio/voice")
        while after is not None:
            after = after()
        self._caller.done()

    def _turn(self, url: str, **fields: str) -> Callable[[], Any] | None:
        passed = len(self._stage.ears.passed)
        answer = self._post(url, **fields)
        verbs = list(ElementTree.fromstring(answer.data))
        if len(self._stage.ears.passed) > passed:
            self._played = []
        plays = [play.text or "" for verb in verbs for play in verb.iter("Play")]
        self._played += [unquote(play.removeprefix(f"{HERE}/prompts/")) for play in plays]
        last = verbs[-1]
        if last.tag == "Redirect" and "topic=" not in (last.text or ""):
            return partial(self._turn, last.text or "")
        assert self._played == clips_of(self._stage, self._stage.ears.passed[-1])
        return self._next(last)

    def _post(self, url: str, **fields: str) -> TestResponse:
        return self._twilio.post(url, CallSid=self._sid, CallStatus="in-progress", **fields)

    def _next(self, verb: ElementTree.Element) -> Callable[[], Any] | None:
        if verb.tag == "Gather":
            return self._entry(verb)
        if verb.tag == "Dial":
            status = {"answered": "completed", "no_answer": "no-answer"}
            leg = self._caller.leg()
            return partial(self._turn, verb.get("action", ""), DialCallStatus=status.get(leg, leg))
        assert verb.tag == "Hangup"
        self._over()
        return None

    def _entry(self, gather: ElementTree.Element) -> Callable[[], Any] | None:
        item = self._caller.items.popleft() if self._caller.items else HANG_UP
        keys, finish = item.removesuffix(HANG_UP), gather.get("finishOnKey", "")
        if not keys:
            self._over()
            return None
        fields = {"Digits": ""}
        if item != NOTHING:
            entry, ended, _ = keys.partition(finish) if finish else (keys, "", "")
            fields = {"Digits": entry[: int(gather.get("numDigits", "64"))]}
            fields |= {"FinishedOnKey": ended} if ended else {}
        url = gather.get("action", "")
        if not leaves(item):
            return partial(self._turn, url, **fields)
        turn = partial(self._post, url, **fields)
        post = threading.Thread(target=turn)  # its answer finds nobody
        post.start()
        self._stage.hang()
        self._over()
        self._stage.settle()
        post.join()
        return None

    def _over(self) -> None:
        url = f"{HERE}/twilio/voice/status"
        self._twilio.post(url, CallSid=self._sid, CallStatus="completed")
