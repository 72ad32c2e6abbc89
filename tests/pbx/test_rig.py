"""The rig proves itself: keys, prompts, hang-ups and recordings of real calls over the codec."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from ivr import agi

from .asterisk import Pbx
from .calls import CallResult, start_call
from .tiny_agi import Line, TinyAgi
from .tones import write_tone

KEYS = "0123456789*#"
TONES = {"welcome": 440, "enter": 600, "again": 720, "bye": 1000}
LONG_S = {"welcome": 3.0, "again": 3.0}  # cut by a key; the others play whole


class Placed(NamedTuple):
    """The calls of this module, all over."""

    calls: dict[str, CallResult]
    engine: TinyAgi


@pytest.fixture(scope="module")
def placed(pbx: Pbx) -> Iterator[Placed]:
    """Every call of this module, placed at once."""
    sounds = pbx.sounds / "rig"
    for clip, hertz in TONES.items():
        write_tone(sounds / f"{clip}.wav", hertz, LONG_S.get(clip, 0.3))

    async def menu(line: Line) -> dict[str, Any]:
        """Answers, plays a long prompt that a key cuts, collects digits, says good-bye."""
        await line.ask(agi.answer())
        welcome = await line.ask(agi.stream_file(f"{sounds}/welcome", KEYS))
        if line.hung_up or not welcome.ok:
            await line.wait_hangup()
            status = await line.ask(agi.channel_status())
            variable = await line.ask(agi.get_variable("HOTLINE_IDENTITY"))
            return {"welcome": welcome, "status": status, "variable": variable}
        files = [f"{sounds}/enter", f"{sounds}/again"]
        read = await line.ask(agi.exec_read("DIGITS", files, 6, 1500))
        digits = await line.ask(agi.get_full_variable("${DIGITS}:${READSTATUS}"))
        await line.ask(agi.exec_playback([f"{sounds}/bye"]))
        await line.ask(agi.hangup())
        return {"welcome": welcome, "read": read, "digits": digits.extra}

    async def odd(line: Line) -> dict[str, agi.Reply]:
        """Sends what an engine should not, to see what a real PBX makes of it."""
        long = "x" * (agi.MAX_COMMAND - len('SET VARIABLE "LONG" ""'))
        replies = {
            "answer": await line.ask(agi.answer()),
            "unknown": await line.ask(agi.command("DANCE")),
            "usage": await line.ask(agi.command("STREAM FILE")),
            "no file": await line.ask(agi.stream_file(f"{sounds}/nothing", KEYS)),
            "status": await line.ask(agi.channel_status()),
            "no application": await line.ask(agi.execute("Dance")),
            "set": await line.ask(agi.set_variable("ODD", 'a "b" \\ c & $ 中')),
            "get": await line.ask(agi.get_variable("ODD")),
            "long": await line.ask(agi.set_variable("LONG", long)),
            "length": await line.ask(agi.get_full_variable("${LEN(${LONG})}")),
            "no key": await line.ask(agi.wait_for_digit(20)),
        }
        await line.ask(agi.hangup())
        return replies

    with TinyAgi(menu) as engine, TinyAgi(odd) as oddity:
        script = [(0.8, "1"), (1.8, "2"), (2.1, "3"), (2.4, "#")]
        port = engine.port
        calls = [
            start_call(pbx, "13800138001", keys=script, agi_port=port),
            start_call(pbx, "13800138002", keys=script, dtmf="info", agi_port=port),
            start_call(pbx, "13800138003", hangup_at=0.8, agi_port=port),
            start_call(pbx, "13800138004", keys=[(0.8, "*"), (1.8, "7")], agi_port=port),
            start_call(pbx, "13800138005", agi_port=oddity.port),
        ]
        results = {call.caller: call.wait() for call in calls}
        yield Placed(results | {"odd": oddity.result("13800138005")}, engine)


@pytest.mark.parametrize("caller", ["13800138001", "13800138002"], ids=["rfc4733", "info"])
def test_keys_reach_the_engine(placed: Placed, caller: str) -> None:
    """A key cuts the prompt and the next ones are collected, by RFC 4733 and by SIP INFO alike."""
    result = placed.engine.result(caller)
    assert placed.calls[caller].returncode == 0, placed.calls[caller].sip
    assert result["welcome"].key == "1"
    assert 0 < result["welcome"].endpos < 3 * 8000
    assert result["digits"] == "23:OK"


def test_a_time_out_keeps_what_was_keyed(placed: Placed) -> None:
    """Digits without # end by time, and the star cuts a prompt like any key."""
    result = placed.engine.result("13800138004")
    assert result["welcome"].key == "*"
    assert result["digits"] == "7:TIMEOUT"


def test_a_hangup_during_a_prompt_is_noticed(placed: Placed) -> None:
    """The cut prompt gives -1, the notice follows, channel commands fail, variables still work."""
    result = placed.engine.result("13800138003")
    assert placed.calls["13800138003"].returncode == 0
    assert result["welcome"].result == "-1"
    assert result["status"].dead
    assert result["variable"].extra == "network"


@pytest.mark.parametrize("caller", ["13800138001", "13800138002"], ids=["rfc4733", "info"])
def test_the_recording_shows_the_prompt_cut(placed: Placed, caller: str) -> None:
    """The caller heard both long prompts in part, up to a key, and the short ones whole."""
    heard = {clip.clip: clip.seconds for clip in placed.calls[caller].clips(TONES)}
    assert list(heard) == ["welcome", "enter", "again", "bye"]
    assert all(heard[clip] < seconds - 0.3 for clip, seconds in LONG_S.items())
    # A tone of 0.3 s fills at least five windows of 50 ms; a frame may be lost at its start.
    assert min(heard["enter"], heard["bye"]) >= 0.15


def test_a_real_pbx_and_odd_commands(placed: Placed) -> None:
    """Asterisk's own answers to mistakes are what the codec says, and quoting survives it."""
    replies: Any = placed.calls["odd"]
    assert {name: reply.code for name, reply in replies.items() if reply.code != 200} == {
        "unknown": 510,
        "usage": 520,
    }
    assert replies["usage"].text.endswith("520 End of proper usage.")
    assert replies["no file"].result == "-1"
    assert replies["status"].result == "6"
    assert replies["no application"].result == "-2"
    assert replies["get"].extra == 'a "b" \\ c & $ 中'
    assert replies["length"].extra == str(agi.MAX_COMMAND - len('SET VARIABLE "LONG" ""'))
    assert replies["no key"].key == ""
