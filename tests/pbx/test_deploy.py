"""The dialplan that a site copies: identity, apology and transfer, on real calls."""

import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from ivr import agi

from .asterisk import Pbx
from .calls import CallResult, start_call
from .tiny_agi import Line, TinyAgi
from .tones import write_tone

LEVELS = ("network", "claimed", "none")
TRANSFERS = {
    "answered": {},
    "busy": {"HOTLINE_AGENT": "Local/busy@agents"},
    "no_answer": {"HOTLINE_AGENT": "Local/rings@agents", "HOTLINE_AGENT_SECONDS": "1"},
    "unavailable": {"HOTLINE_AGENT": "Local/nobody@agents"},
    "no agent": {"HOTLINE_AGENT": ""},
    "queue": {"HOTLINE_QUEUE": "desk"},
    "empty queue": {"HOTLINE_QUEUE": "empty"},
}
STATUS = {
    "no agent": "unavailable",
    "queue": "answered",
    "empty queue": "unavailable",
}


def _number(n: int) -> str:
    return f"138001381{n:02}"


IDENTITY = {level: _number(n) for n, level in enumerate(LEVELS)}
TRANSFER = {name: _number(10 + n) for n, name in enumerate(TRANSFERS)}
AWAY, DIED, WITHHELD = _number(30), _number(31), _number(32)
CLASSIC, NO_SCRIPT = _number(33), _number(34)

# A classic AGI: Asterisk starts it for one call and talks to it over its standard streams.
CLASSIC_AGI = """\
#!{python}
import pathlib, sys
block = "".join(iter(sys.stdin.readline, "\\n"))
pathlib.Path({output!r}).write_text(block + "\\n")
print("HANGUP", flush=True)
sys.stdin.readline()
"""


@pytest.fixture(scope="module")
def placed(
    pbx: Pbx, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, tuple[CallResult, Any]]]:
    """Every call of this module, placed at once: caller -> (the call, what the engine saw)."""
    write_tone(pbx.sounds / "deploy" / "back.wav", 1200)

    seen_by_script = tmp_path_factory.mktemp("classic") / "environment"
    script = seen_by_script.with_name("classic-agi")
    script.write_text(CLASSIC_AGI.format(python=sys.executable, output=str(seen_by_script)))
    script.chmod(0o755)

    async def identify(line: Line) -> agi.Environment:
        """Only looks who is calling."""
        await line.ask(agi.hangup())
        return line.environment

    async def transfer(line: Line) -> str | None:
        """Hands the caller to an agent and takes the line back."""
        await line.ask(agi.answer())
        await line.ask(agi.gosub("hotline-agent", "s", "bills"))
        status = await line.ask(
            agi.get_full_variable("${HOTLINE_TRANSFER_STATUS}:${HOTLINE_TOPIC}")
        )
        await line.ask(agi.exec_playback([f"{pbx.sounds}/deploy/back"]))
        await line.ask(agi.hangup())
        return status.extra

    async def die(line: Line) -> None:
        """Answers and is gone, as a killed engine would be."""
        await line.ask(agi.answer())

    with TinyAgi(identify) as identity, TinyAgi(transfer) as transfers, TinyAgi(die) as mortal:
        engines = dict.fromkeys([*IDENTITY.values(), WITHHELD], identity)
        engines |= dict.fromkeys(TRANSFER.values(), transfers) | {DIED: mortal}
        calls = [
            start_call(pbx, number, f"1008{n}", agi_port=identity.port, context=f"hotline-{level}")
            for n, (level, number) in enumerate(IDENTITY.items())
        ]
        calls += [
            start_call(pbx, number, agi_port=transfers.port, variables=TRANSFERS[name])
            for name, number in TRANSFER.items()
        ]
        calls += [
            start_call(pbx, AWAY),
            start_call(pbx, DIED, agi_port=mortal.port),
            start_call(pbx, WITHHELD, agi_port=identity.port, withheld=True),
            start_call(pbx, CLASSIC, variables={"HOTLINE_AGI": str(script)}),
            start_call(pbx, NO_SCRIPT, variables={"HOTLINE_AGI": f"{script}-missing"}),
        ]
        over = [call.wait() for call in calls]
        seen = {number: engine.result(number) for number, engine in engines.items()}
        [seen[CLASSIC]] = agi.Decoder().feed(seen_by_script.read_bytes())
        yield {call.caller: (call, seen.get(call.caller)) for call in over}


@pytest.mark.parametrize("level", LEVELS)
def test_the_engine_is_told_who_calls_what(
    placed: dict[str, tuple[CallResult, Any]], level: str
) -> None:
    """The called number and the identity level of the trunk are the two AGI arguments."""
    environment: agi.Environment = placed[IDENTITY[level]][1]
    assert environment.arguments == (f"1008{LEVELS.index(level)}", level)
    assert environment.caller == IDENTITY[level]
    assert not environment.withheld
    assert environment.script == "hotline"


def test_a_withheld_number_is_marked(placed: dict[str, tuple[CallResult, Any]]) -> None:
    """Privacy asked for by SIP reaches the engine as a withheld number."""
    environment: agi.Environment = placed[WITHHELD][1]
    assert environment.withheld
    assert environment.caller == WITHHELD


def test_a_classic_script_gets_the_same_arguments(
    placed: dict[str, tuple[CallResult, Any]],
) -> None:
    """A site without a daemon names a script instead of an address; nothing else changes."""
    environment: agi.Environment = placed[CLASSIC][1]
    assert environment.arguments == ("10086", "network")
    assert environment.caller == CLASSIC


@pytest.mark.parametrize(
    "caller",
    [AWAY, DIED, NO_SCRIPT],
    ids=["nobody listens", "died during the call", "no such script"],
)
def test_without_an_engine_the_caller_hears_the_apology_and_an_agent(
    pbx: Pbx, placed: dict[str, tuple[CallResult, Any]], caller: str
) -> None:
    """An engine that is away or dies costs the caller an apology and a transfer, never the call."""
    call = placed[caller][0]
    assert call.returncode == 0, call.sip
    assert [heard.clip for heard in call.clips(pbx.tones)] == ["apology", "agent"]


@pytest.mark.parametrize("name", TRANSFERS)
def test_a_transfer_comes_back_with_its_status(
    pbx: Pbx, placed: dict[str, tuple[CallResult, Any]], name: str
) -> None:
    """The engine gets the line back after a transfer, knows how it ended and goes on speaking."""
    call, status = placed[TRANSFER[name]]
    expected = STATUS.get(name, name)
    assert status == f"{expected}:bills"
    heard = [clip.clip for clip in call.clips({**pbx.tones, "back": 1200})]
    assert heard == (["agent", "back"] if expected == "answered" else ["back"])


def test_the_logs_keep_no_numbers_and_no_keys(
    pbx: Pbx, placed: dict[str, tuple[CallResult, Any]]
) -> None:
    """With the deployed logger.conf no log holds a caller's number or a keyed digit."""
    logs = pbx.logs()
    assert "the hotline engine is away" in logs
    assert not re.search(r"1380013\d{4}", logs)
    assert "DTMF" not in logs
