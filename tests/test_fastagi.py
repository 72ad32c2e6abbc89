"""The FastAGI server over real sockets: every exchange of the table, and what a bad peer may do."""

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from agi_peer import CASES, Clock, TableHost, clip, environment, record, shortened

import ivr.fastagi
from dialog.session import Origin
from ivr.fastagi import FastAgiServer

MENU = {"say": ["main"], "Collect": {"purpose": "menu", "max_digits": 1, "finish": ""}}
END = {"End": "done"}


@pytest.fixture(scope="module")
def prompts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One second of silence for each text of the tables."""
    return record(tmp_path_factory.mktemp("prompts"))


class Peer:
    """The PBX's end of one connection."""

    def __init__(self, prompts: Path, port: int) -> None:
        self._prompts, self._port = prompts, port

    async def __aenter__(self) -> "Peer":
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self._port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()

    def write(self, data: bytes) -> None:
        """Bytes to the server, cut in two where that can be."""
        self.writer.write(data[:7])
        self.writer.write(data[7:])

    async def command(self) -> str:
        """The server's next command, or an empty string when it closed."""
        try:
            return shortened(await self.reader.readline(), self._prompts)
        except ConnectionResetError:
            return ""


def serve(
    host: TableHost,
    prompts: Path,
    scenario: Callable[[FastAgiServer, int], Coroutine[Any, Any, None]],
    **options: Any,
) -> None:
    """Runs a scenario against a server of its own."""

    async def main() -> None:
        server = FastAgiServer(host, prompts, port=0, now=lambda: 1, **options)
        port = await server.start()
        try:
            await scenario(server, port)
        finally:
            await server.close(drain_s=0.0)

    asyncio.run(asyncio.wait_for(main(), 30))


async def until(true: Callable[[], bool]) -> None:
    """Lets the server work until something is so."""
    while not true():
        await asyncio.sleep(0)


async def play(peer: Peer, host: TableHost, clock: Clock, line: list[str]) -> None:
    """Carries a table's exchange out, the PBX's side."""
    for step in line:
        mark, _, rest = step.partition(" ")
        match mark:
            case ">":
                assert await peer.command() == rest
            case "<":
                peer.write(rest.encode() + b"\n")
            case "+":
                clock.ms += int(rest)
            case "=":
                thread = threading.Thread(target=host.held.pop(0))
                thread.start()
                await asyncio.to_thread(thread.join)
            case "x":
                peer.writer.close()
            case "closed":
                assert await peer.command() == ""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_exchange(case: dict[str, Any], prompts: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The line and the house hear what the table says, and the log tells no key."""
    host, clock = TableHost(case["house"]), Clock()

    async def scenario(server: FastAgiServer, port: int) -> None:
        async with Peer(prompts, port) as peer:
            peer.write(environment())
            await play(peer, host, clock, case["line"])
            await until(lambda: not server.calls)

    serve(host, prompts, scenario, clock=clock, apology=(clip("sorry"),))
    assert host.events == case["events"]
    assert [delivery.key for delivery in host.deliveries] == [
        f"asterisk/1795300000.1/{n}" for n, _ in enumerate(host.deliveries, 1)
    ]
    assert "135792" not in caplog.text
    assert "13800138000" not in caplog.text


def test_a_line_cut_into_bytes(prompts: Path) -> None:
    """However TCP cuts the bytes, the call is the same."""
    host = TableHost([MENU, END])

    async def scenario(server: FastAgiServer, port: int) -> None:
        async with Peer(prompts, port) as peer:
            answers = [b"200 result=0\n", b"200 result=49\n", b"200 result=1\n"]
            for piece, heard in zip(
                [environment(), *answers],
                ["ANSWER", "EXEC Background main", "HANGUP", ""],
                strict=True,
            ):
                for n in range(len(piece)):
                    peer.writer.write(piece[n : n + 1])
                    await peer.writer.drain()
                assert await peer.command() == heard

    serve(host, prompts, scenario)
    assert host.events[1] == {"DigitsEntered": {"digits": "1"}}


@pytest.mark.parametrize(
    ("opening", "said"),
    [
        (b"GET / HTTP/1.1\n\n", "not an agi_ variable"),
        (b"agi_request: agi://x/\n\n", "no agi_uniqueid"),
        (b"agi_uniqueid: " + b"9" * 9000 + b"\n\n", "line too long"),
        (b"".join(b"agi_x%d: 1\n" % n for n in range(600)), "environment too long"),
        (b"agi_uniqueid: ../../13800138000\n\n", "no agi_uniqueid"),
    ],
)
def test_an_opening_that_is_no_call(
    opening: bytes, said: str, prompts: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What does not name a call is closed with one line in the log, and the house hears nothing."""
    host = TableHost([])

    async def scenario(server: FastAgiServer, port: int) -> None:
        async with Peer(prompts, port) as peer:
            peer.write(opening)
            assert await peer.command() == ""

    serve(host, prompts, scenario)
    assert host.deliveries == []
    assert [record.levelname for record in caplog.records if record.name == "ivr.fastagi"] == [
        "WARNING"
    ]
    assert said in caplog.text
    assert "Traceback" not in caplog.text
    assert "13800138000" not in caplog.text


def test_an_answer_to_no_command(prompts: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Two answers to one command break the protocol: the call ends, and the house is told so."""
    host = TableHost([{"Perform": "query"}, END])

    async def scenario(server: FastAgiServer, port: int) -> None:
        async with Peer(prompts, port) as peer:
            peer.write(environment())
            assert await peer.command() == "ANSWER"
            peer.write(b"200 result=0\n200 result=0\n")
            assert await peer.command() == ""

    serve(host, prompts, scenario)
    assert host.events == [{"CallArrived": {}}, {"CallEnded": {"by": "network"}}]
    assert "138****8000" in caplog.text


@pytest.mark.parametrize("opened", [False, True])
def test_a_silent_peer(
    opened: bool, prompts: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A peer that sends no environment, or no answer, is closed when its time is up."""
    monkeypatch.setattr(ivr.fastagi, "OPENING_S", -1.0)
    monkeypatch.setattr(ivr.fastagi, "_WATCH_S", 0.01)
    monkeypatch.setattr(ivr.voice.Command.__new__, "__defaults__", (-1.0,))
    host = TableHost([MENU, END])

    async def scenario(server: FastAgiServer, port: int) -> None:
        async with Peer(prompts, port) as peer:
            if opened:
                peer.write(environment())
            await until(lambda: "silent too long" in caplog.text)

    serve(host, prompts, scenario)
    assert "silent too long" in caplog.text


def test_more_calls_than_it_takes(prompts: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A call over the bound is closed at once, those on the line are not touched."""
    caplog.set_level(logging.INFO)
    host = TableHost([MENU, MENU, END])

    async def scenario(server: FastAgiServer, port: int) -> None:
        async with Peer(prompts, port) as first:
            first.write(environment())
            assert await first.command() == "ANSWER"
            async with Peer(prompts, port) as second:
                assert await second.command() == ""
            first.write(b"200 result=0\n")
            assert await first.command() == "EXEC Background main"

    serve(host, prompts, scenario, most_calls=1)


def test_close_lets_calls_end(prompts: Path) -> None:
    """Closing takes no new calls, and returns when the last one has ended by itself."""
    host = TableHost([MENU, END])

    async def scenario(server: FastAgiServer, port: int) -> None:
        async with Peer(prompts, port) as peer:
            peer.write(environment())
            assert await peer.command() == "ANSWER"
            closing = asyncio.create_task(server.close(drain_s=25.0))
            peer.write(b"200 result=0\n")
            assert await peer.command() == "EXEC Background main"
            peer.write(b"200 result=49\n")
            assert await peer.command() == "HANGUP"
            peer.write(b"200 result=1\n")
            await closing
            with pytest.raises(OSError, match="Connect call failed"):
                await asyncio.open_connection("127.0.0.1", port)

    serve(host, prompts, scenario)
    assert host.events[-1] == {"CallEnded": {"by": "hotline"}}


def test_close_gives_up_a_call_that_does_not_end(prompts: Path) -> None:
    """A call that outlives the drain is recorded as ended by the hotline; the dialplan goes on."""
    host = TableHost([MENU, END])

    async def scenario(server: FastAgiServer, port: int) -> None:
        async with Peer(prompts, port) as peer:
            peer.write(environment())
            assert await peer.command() == "ANSWER"
            peer.write(b"200 result=0\n")
            assert await peer.command() == "EXEC Background main"
            await server.close(drain_s=0.0)
            assert await peer.command() == ""

    serve(host, prompts, scenario)
    assert host.events == [{"CallArrived": {}}, {"CallEnded": {"by": "hotline"}}]


def test_replies_from_many_threads_at_once(prompts: Path) -> None:
    """Replies to many calls that come from many threads each reach their own call."""
    calls = 40
    host = TableHost([[{"later": MENU}]] * calls + [END] * calls)

    async def scenario(server: FastAgiServer, port: int) -> None:
        peers = [Peer(prompts, port) for _ in range(calls)]
        for n, peer in enumerate(peers):
            await peer.__aenter__()
            peer.write(environment(n))
            assert await peer.command() == "ANSWER"
            peer.write(b"200 result=0\n")
            assert await peer.command() == "WAIT FOR DIGIT 150"
        threads = [threading.Thread(target=held) for held in host.held]
        for thread in threads:
            thread.start()
        for thread in threads:
            await asyncio.to_thread(thread.join)
        for peer in peers:
            peer.write(b"200 result=0\n")
            assert await peer.command() == "EXEC Background main"
            await peer.__aexit__()
        await until(lambda: not server.calls)

    serve(host, prompts, scenario)
    assert len({delivery.dialogue for delivery in host.deliveries}) == calls


def test_a_list_too_long_for_one_command(prompts: Path) -> None:
    """Prompts that do not fit a line of AGI are played by several commands, each of them whole."""
    host = TableHost([MENU | {"say": ["long_text"] * 60}, END])
    commands: list[str] = []

    async def scenario(server: FastAgiServer, port: int) -> None:
        async with Peer(prompts, port) as peer:
            peer.write(environment())
            assert await peer.command() == "ANSWER"
            peer.write(b"200 result=0\n")
            while (command := await peer.command()).startswith("EXEC"):
                commands.append(command)
                peer.write(b"200 result=0\n")
                assert await peer.command() == "GET VARIABLE BACKGROUNDSTATUS"
                peer.write(b"200 result=1 (SUCCESS)\n")
            assert command == "WAIT FOR DIGIT 5000"

    serve(host, prompts, scenario)
    assert len(commands) > 1
    assert sum(command.count("long_text") for command in commands) == 60


@pytest.mark.parametrize(
    ("opening", "origin"),
    [
        (
            "agi_callerid: +8613800138000\nagi_arg_1: +8610086\nagi_arg_2: network\n",
            Origin("voice", "10086", "13800138000", "network", "asterisk"),
        ),
        (
            "agi_callerid: 013800138000\nagi_extension: 10086\n",
            Origin("voice", "10086", "13800138000", "claimed", "asterisk"),
        ),
        (
            "agi_callerid: 13800138000\nagi_dnid: 10086\nagi_arg_1: link=t2\nagi_arg_2: network\n",
            Origin("voice", "10086", "13800138000", "network", "t2"),
        ),
        (
            "agi_request: agi://h/x?identity=network&called=10086\nagi_callerid: 008613800138000\n",
            Origin("voice", "10086", "13800138000", "network", "asterisk"),
        ),
        (
            "agi_callerid: unknown\nagi_arg_1: 10086\nagi_arg_2: network\n",
            Origin("voice", "10086", "", "none", "asterisk"),
        ),
        (
            "agi_callerid: 13800138000\nagi_callingpres: 35\nagi_arg_1: 10086\n",
            Origin("voice", "10086", "", "none", "asterisk"),
        ),
        (
            "agi_callerid: 13800138000\nagi_arg_1: 10086\nagi_arg_2: certainly\n",
            Origin("voice", "10086", "13800138000", "claimed", "asterisk"),
        ),
        (
            "agi_callerid: alice\nagi_arg_1: 10086\nagi_arg_2: claimed\nagi_arg_3: ../../etc\n",
            Origin("voice", "10086", "", "none", "asterisk"),
        ),
    ],
)
def test_origin(opening: str, origin: Origin, prompts: Path) -> None:
    """Who calls whom, over what and how far that is to be believed, from what the PBX sends."""
    host = TableHost([END, END])

    async def scenario(server: FastAgiServer, port: int) -> None:
        async with Peer(prompts, port) as peer:
            peer.write(opening.encode() + b"agi_uniqueid: 1.1\n\n")
            assert await peer.command() == "ANSWER"
            peer.write(b"200 result=0\n")
            assert await peer.command() == "HANGUP"

    serve(host, prompts, scenario)
    assert host.deliveries[0].origin == origin


def test_a_folder_that_asterisk_cannot_play_from(tmp_path: Path) -> None:
    """A site path with a comma or & is refused at start, with what to do."""
    with pytest.raises(ValueError, match="move the site"):
        FastAgiServer(TableHost([]), tmp_path / "a,b")
