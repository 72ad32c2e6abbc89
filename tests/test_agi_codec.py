"""The AGI codec against a table of bytes, every cut of them, and generated words."""

from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ivr import agi

WIRE: dict[str, list[dict[str, Any]]] = yaml.safe_load(
    (Path(__file__).parent / "wire" / "agi.yaml").read_text(encoding="utf-8")
)
PREAMBLE = b"agi_request: agi://127.0.0.1/\n\n"


def _named(section: str) -> list[Any]:
    return [pytest.param(case, id=case["name"]) for case in WIRE[section]]


def _bytes(case: dict[str, Any]) -> bytes:
    return bytes.fromhex(case["hex"]) if "hex" in case else case["in"].encode()


def _event(item: Any) -> agi.Event:
    if isinstance(item, str):
        return agi.HangupNotice() if item == "hangup" else agi.Trying()
    ((kind, fields),) = item.items()
    if kind == "environment":
        return agi.Environment(MappingProxyType(fields))
    return agi.Reply(**fields) if kind == "reply" else agi.Malformed(**fields)


def _ready() -> agi.Decoder:
    decoder = agi.Decoder()
    decoder.feed(PREAMBLE)
    return decoder


def _decode(decoder: agi.Decoder, chunks: list[bytes]) -> list[agi.Event]:
    return [event for chunk in chunks for event in decoder.feed(chunk)]


def _assert_at_every_cut(make: Any, data: bytes, expected: list[agi.Event]) -> None:
    assert _decode(make(), [data]) == expected
    assert _decode(make(), [data[i : i + 1] for i in range(len(data))]) == expected
    for cut in range(len(data)):
        assert _decode(make(), [data[:cut], data[cut:]]) == expected


@pytest.mark.parametrize("case", _named("environment"))
def test_environment(case: dict[str, Any]) -> None:
    """The opening block gives these variables and these meanings, however it is cut."""
    expected = [_event(item) for item in case["events"]]
    _assert_at_every_cut(agi.Decoder, _bytes(case), expected)
    environment = expected[-1]
    assert isinstance(environment, agi.Environment)
    means = case["means"] | {"arguments": tuple(case["means"]["arguments"])}
    assert {name: getattr(environment, name) for name in means} == means


@pytest.mark.parametrize("case", _named("replies"))
def test_replies(case: dict[str, Any]) -> None:
    """Each line of a PBX gives these events and these meanings, however it is cut."""
    expected = [_event(item) for item in case["events"]]
    _assert_at_every_cut(_ready, _bytes(case), expected)
    replies = [event for event in expected if isinstance(event, agi.Reply)]
    for reply, means in zip(replies, case.get("means", []), strict="means" in case):
        assert {name: getattr(reply, name) for name in means} == means


@pytest.mark.parametrize(
    "case", [pytest.param(c, id=f"{c['call']}-{i}") for i, c in enumerate(WIRE["commands"])]
)
def test_commands(case: dict[str, Any]) -> None:
    """Each command is these bytes, or is refused with a sentence that says why."""
    build, arguments = getattr(agi, case["call"]), case.get("args", [])
    if "refused" in case:
        with pytest.raises(agi.AgiError, match=case["refused"]):
            build(*arguments)
    else:
        assert build(*arguments) == case["out"].encode()


def test_a_command_that_asterisk_would_cut_is_refused() -> None:
    """A line is taken up to the buffer of Asterisk and not one byte over it."""
    fixed = len(agi.command("NOOP", "")) - 1
    assert agi.command("NOOP", "x" * (agi.MAX_COMMAND - fixed))
    with pytest.raises(agi.AgiError, match="bytes long"):
        agi.command("NOOP", "x" * (agi.MAX_COMMAND - fixed + 1))


@pytest.mark.parametrize("size", [agi.MAX_LINE, agi.MAX_LINE + 1, 20 * agi.MAX_LINE])
@pytest.mark.parametrize("chunk", [1000, 10**7])
def test_a_line_without_end_keeps_memory_bounded(size: int, chunk: int) -> None:
    """An over-long line costs one Malformed and no memory; the line after it is read as usual."""
    decoder, data, kept = _ready(), b"x" * size, 0
    for at in range(0, size, chunk):
        assert decoder.feed(data[at : at + chunk]) == []
        kept = max(kept, len(decoder._rest))
    assert kept <= agi.MAX_LINE + 1
    bad, good = decoder.feed(b"\n200 result=0\n")
    assert isinstance(bad, agi.Malformed)
    assert len(bad.line) < 200
    assert bad.reason == ("not a reply" if size <= agi.MAX_LINE else "line too long")
    assert good == agi.Reply(200, "0", text="result=0")


def test_blocks_without_end_are_bounded() -> None:
    """An environment or a usage text that never ends is given up at its limit."""
    decoder = agi.Decoder()
    block = [b"agi_x%d: 1\n" % n for n in range(3 * agi.MAX_ENVIRONMENT)]
    events = _decode(decoder, [*block, b"\n"])
    assert [type(event) for event in events] == [agi.Malformed, agi.Environment]
    assert isinstance(events[1], agi.Environment)
    assert len(events[1].values) == agi.MAX_ENVIRONMENT
    usage = _decode(decoder, [b"520-Usage\n", *[b"x\n"] * (agi.MAX_USAGE - 1), b"200 result=0\n"])
    assert [type(event) for event in usage] == [agi.Malformed, agi.Reply]


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"", "unfinished environment"),
        (b"agi_request: x", "unfinished line"),
        (PREAMBLE + b"520-Usage\n", "unfinished usage"),
        (PREAMBLE + b"200 res", "unfinished line"),
        (PREAMBLE, None),
    ],
)
def test_the_end_of_the_connection(sent: bytes, reason: str | None) -> None:
    """What the peer left unfinished is named; afterwards every call is an error."""
    decoder = agi.Decoder()
    decoder.feed(sent)
    found = decoder.eof()
    assert [event.reason for event in found if isinstance(event, agi.Malformed)] == (
        [reason] if reason else []
    )
    with pytest.raises(agi.AgiError):
        decoder.feed(b"200 result=0\n")
    with pytest.raises(agi.AgiError):
        decoder.eof()


def _asterisk_words(line: str) -> list[str]:
    """Splits a command line as parse_args() of Asterisk's res_agi.c does."""
    words: list[str] = []
    quoted = escaped = False
    blank = True
    for char in line:
        if char == '"' and not escaped:
            quoted = not quoted
            if quoted and blank:
                words.append("")
                blank = False
        elif char in " \t" and not quoted and not escaped:
            blank = True
        elif char == "\\" and not escaped:
            escaped = True
        else:
            if blank:
                words.append("")
                blank = False
            words[-1] += char
            escaped = False
    return words


WORDS = st.lists(
    st.text(
        st.one_of(
            st.sampled_from('"\\ \t,&|$中'),
            st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"),
        ),
        max_size=30,
    ),
    max_size=8,
)


@given(WORDS)
def test_quoting_round_trips(words: list[str]) -> None:
    """Asterisk's own way of splitting a line gives back exactly the words that were sent."""
    line = agi.command("NOOP", *words)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert _asterisk_words(line.decode().removesuffix("\n")) == ["NOOP", *words]


LINES = st.lists(
    st.one_of(
        st.sampled_from(
            [b"200 result=0", b"HANGUP", b"520-x", b"520 End of proper usage.", b"", b"200 "]
        ),
        st.binary(max_size=40),
    ),
    max_size=12,
).map(b"\n".join)


@given(LINES, st.lists(st.integers(0, 500), max_size=8))
def test_chunks_never_change_events(data: bytes, cuts: list[int]) -> None:
    """Any bytes cut anywhere give the same events, in both states of the decoder."""
    places = [0, *sorted(cut for cut in cuts if cut <= len(data)), len(data)]
    chunks = [data[a:b] for a, b in pairwise(places)]
    for make in (agi.Decoder, _ready):
        whole, cut = make(), make()
        assert whole.feed(data) == _decode(cut, chunks)
        assert whole.eof() == cut.eof()
