"""ivr.ami against a real Asterisk: booted, lost, back again, and what it may not do."""

import queue
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from ivr.ami import AmiError, State, Watcher

from .asterisk import Pbx


class Relay:
    """A TCP relay to the PBX's AMI: cutting it is what a restart looks like from outside."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._links: list[socket.socket] = []
        self.port: int = self._listener.getsockname()[1]
        self.let_in = True
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Ends every link."""
        while self._links:
            link = self._links.pop()
            # A shutdown wakes the threads that read; each closes what it reads.
            try:
                link.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def close(self) -> None:
        """Ends the links and listens no more."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if not self.let_in:
                near.close()
                continue
            far = socket.create_connection(("127.0.0.1", self._target))
            self._links += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._copy, args=(source, sink), daemon=True).start()

    @staticmethod
    def _copy(source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(4096):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        finally:
            source.close()


@contextmanager
def relay(pbx: Pbx) -> Iterator[Relay]:
    """A relay for the length of a test."""
    running = Relay(pbx.ami_port)
    try:
        yield running
    finally:
        running.close()


def test_booted_lost_and_back(pbx: Pbx) -> None:
    """Each change is told once, and the watcher comes back by itself after the link was cut."""
    states: queue.Queue[State] = queue.Queue()
    with relay(pbx) as link:
        account = replace(pbx.account, port=link.port)
        with Watcher(account, on_state=states.put, retry_s=0.05) as watcher:
            assert watcher.wait_booted(20)
            assert states.get(timeout=20) == "booted"
            assert watcher.trouble == ""
            link.let_in = False
            link.cut()
            assert states.get(timeout=20) == "lost"
            assert watcher.trouble
            with pytest.raises(AmiError):
                watcher.send_action("Ping")
            link.let_in = True
            assert states.get(timeout=20) == "booted"
            assert watcher.send_action("Ping")["Ping"] == "Pong"


def test_a_wrong_secret_is_named_and_not_shown(pbx: Pbx) -> None:
    """A refused login says so in one clause that does not hold the secret."""
    tried = threading.Event()

    class Trouble(Watcher):
        def _enter(self, state: State) -> None:
            super()._enter(state)
            tried.set()

    with Trouble(replace(pbx.account, secret="wrong-one"), retry_s=0.05) as watcher:
        assert tried.wait(20)
        assert not watcher.wait_booted(0)
        assert re.match("Login refused: .*failed", watcher.trouble)
    assert "wrong-one" not in watcher.trouble + repr(replace(pbx.account, secret="wrong-one"))


def test_the_deployed_account_may_only_watch(pbx: Pbx) -> None:
    """The user of deploy/asterisk cannot make the PBX do anything."""
    with Watcher(pbx.account, retry_s=0.05) as watcher:
        assert watcher.wait_booted(20)
        with pytest.raises(AmiError, match=r"[Pp]ermission"):
            watcher.send_action("Command", Command="core show version")
        with pytest.raises(AmiError, match=r"[Pp]ermission"):
            watcher.send_action("Originate", Channel="Local/answers@agents", Application="Hangup")


def test_a_failing_callback_does_not_end_the_watch(
    pbx: Pbx, caplog: pytest.LogCaptureFixture
) -> None:
    """What a callback raises is logged; events still come and actions are still answered."""
    heard: queue.Queue[str] = queue.Queue()

    def fail(name: str, fields: object) -> None:
        heard.put(name)
        raise RuntimeError("a broken callback")

    with Watcher(pbx.account, on_event=fail, retry_s=0.05) as watcher:
        assert heard.get(timeout=20) == "FullyBooted"
        assert watcher.wait_booted(20)
        assert watcher.send_action("Ping")["Ping"] == "Pong"
    assert "a broken callback" in caplog.text


def test_actions_from_many_threads_get_their_own_answers(pbx: Pbx) -> None:
    """Concurrent actions are not mixed up on the wire and none is left without an answer."""
    answers: queue.Queue[str] = queue.Queue()
    with Watcher(pbx.account, retry_s=0.05) as watcher:
        assert watcher.wait_booted(20)

        def ping() -> None:
            answers.put(watcher.send_action("Ping")["ActionID"])

        threads = [threading.Thread(target=ping) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(set(answers.queue)) == 20
