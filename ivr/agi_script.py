"""The classic AGI: Asterisk starts one process a call and speaks on its stdin and stdout.

pyst2 reads the environment, takes SIGHUP and sends commands, with these cures: it logs every line,
keyed digits too, to stderr (given nothing to write to); it fails on bytes that are not UTF-8 and
on a HANGUP line, and quotes nothing (commands and answers go through ivr.agi). It registers a
signal handler, so `run` belongs in the main thread.
"""

import io
import logging
import os
import queue
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Any, TextIO

from asterisk.agi import AGI, AGIHangup

from dialog.host import Delivery, Host, Reply
from dialog.session import CLAIMED
from dialog.turn import Perform
from ivr import agi
from ivr.origin import CALL_ID, origin_of
from ivr.sounds import Sounds
from ivr.voice import Await, Call, Command, Gone, House

LAST_REPLY_S = 10.0
"""Seconds that the end of a call may take to be recorded before the process ends."""

_log = logging.getLogger(__name__)


class _Line(AGI):  # type: ignore[misc]
    """pyst2's AGI with answers read by the project's codec."""

    def __init__(self, stdin: TextIO, stdout: TextIO, nothing: TextIO) -> None:
        super().__init__(stdin, stdout, nothing)
        self._decoder = agi.Decoder()
        self._decoder.feed(b"\n")  # pyst2 has read the environment

    def get_result(self, stdin: TextIO | None = None) -> agi.Reply:
        """The answer to the last command. Raises Gone when there is none."""
        del stdin
        while line := self.stdin.readline():
            for event in self._decoder.feed(line.encode()):
                if isinstance(event, agi.HangupNotice):
                    raise Gone("caller")
                if isinstance(event, agi.Malformed):
                    _log.warning("%s; closed", event.reason)
                    raise Gone("network")
                if isinstance(event, agi.Reply):
                    return event
        raise Gone("caller" if self._got_sighup else "network")

    def ask(self, command: Command) -> agi.Reply:
        """Sends one command. Raises Gone when the line is lost."""
        try:
            reply: agi.Reply = self.execute(command.line.decode())
        except (AGIHangup, BrokenPipeError):
            raise Gone("caller") from None
        return reply

    @property
    def hung_up(self) -> bool:
        """Whether Asterisk has said that the caller is gone."""
        return bool(self._got_sighup)


def run(
    host: Host,
    sounds: Path,
    *,
    link: str = "asterisk",
    identity: str = CLAIMED,
    apology: tuple[str, ...] = (),
    now: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Carries the call that Asterisk started this process for; ends when the call has.

    The parameters are FastAgiServer's. Raises ValueError when Asterisk could not play from
    `sounds`, and when the environment does not name the call.
    """
    stdin = io.TextIOWrapper(sys.stdin.buffer, "utf-8", "replace", "\n")
    stdout = sys.stdout
    sys.stdout = sys.stderr  # a stray print must not reach the PBX
    try:
        with Path(os.devnull).open("w") as nothing:
            line = _Line(stdin, stdout, nothing)
            environment = agi.Environment(MappingProxyType(line.env))
            call_id = environment.get("uniqueid")
            if not CALL_ID.fullmatch(call_id):
                raise ValueError("no agi_uniqueid: start this from the dialplan with AGI()")
            house = House(host, Sounds(sounds), now, clock, apology)
            call = Call(house, origin_of(environment, link, identity), call_id)
            _drive(line, host, call)
    finally:
        sys.stdout = stdout
        stdin.detach()


def _drive(line: _Line, host: Host, call: Call) -> None:
    steps = call.run()
    replies: queue.SimpleQueue[Reply | Exception] = queue.SimpleQueue()
    value: Any = None
    while True:
        try:
            step = steps.throw(value) if isinstance(value, Gone) else steps.send(value)
        except StopIteration:
            break
        value = None
        if isinstance(step, Command):
            try:
                value = line.ask(step)
            except Gone as gone:
                value = gone
        elif isinstance(step, Delivery):
            replies = _deliver(host, step)
        else:
            value = Gone("caller") if line.hung_up else _next(replies, step)
    _settled(replies)


def _deliver(host: Host, delivery: Delivery) -> "queue.SimpleQueue[Reply | Exception]":
    """Hands it over; a queue of its own, so that a late reply to an earlier one is nobody's."""
    replies: queue.SimpleQueue[Reply | Exception] = queue.SimpleQueue()
    try:
        host.deliver(delivery, replies.put)
    except Exception as error:  # noqa: BLE001 - refused: the call apologises
        replies.put(error)
    return replies


def _next(replies: "queue.SimpleQueue[Reply | Exception]", wait: Await) -> Reply | Exception | None:
    try:
        return replies.get(timeout=wait.seconds) if wait.seconds else replies.get_nowait()
    except queue.Empty:
        return None


def _settled(replies: "queue.SimpleQueue[Reply | Exception]") -> None:
    """Waits until the last delivery is in the record: this process is all there is."""
    end = time.monotonic() + LAST_REPLY_S
    while (left := end - time.monotonic()) > 0:
        reply = _next(replies, Await(left))
        if not isinstance(reply, Reply) or not isinstance(reply.then, Perform):
            return
