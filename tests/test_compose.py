"""Messages and their segments, against 3GPP TS 23.038 and TS 23.040."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from text_model import model, text

from dialog import values
from dialog.turn import Say
from sms_commands.compose import (
    BASIC,
    EXTENSION,
    JOINED,
    MOST_SEGMENTS,
    SHORTENED,
    SINGLE,
    Message,
    compose,
    encoding,
    shorten,
    split,
    units,
)

MODEL = model(
    text("balance_is", {"zh-CN": "您的话费余额为{balance}。", "en": "Your balance is {balance}."}),
    text("valid_to", {"zh-CN": "有效期至{day}。", "en": "Valid to {day}."}),
    text("intro", {"zh-CN": "来电显示", "en": "Caller ID"}),
    text("row", {"zh-CN": "{n} 开通", "en": "{n} subscribe"}),
    text("again", {"zh-CN": "{list}。", "en": "{list}."}),
    text("empty", {"zh-CN": "", "en": ""}),
)

# TS 23.038 6.2.1 and 6.2.1.1: (code, character), one of every column and all the odd places
BASIC_CODES = [
    (0x00, "@"),
    (0x01, "£"),
    (0x02, "$"),
    (0x03, "¥"),
    (0x04, "è"),
    (0x07, "ì"),
    (0x09, "Ç"),
    (0x0A, "\n"),
    (0x0D, "\r"),
    (0x10, "Δ"),
    (0x11, "_"),
    (0x1A, "Ξ"),
    (0x1C, "Æ"),
    (0x1E, "ß"),
    (0x1F, "É"),
    (0x20, " "),
    (0x24, "¤"),
    (0x30, "0"),
    (0x3F, "?"),
    (0x40, "¡"),
    (0x41, "A"),
    (0x5B, "Ä"),
    (0x5F, "§"),
    (0x60, "¿"),
    (0x61, "a"),
    (0x7B, "ä"),
    (0x7F, "à"),
]
# text, encoding, units, segments
COUNTED = [
    ("a" * 160, "gsm7", 160, 1),
    ("a" * 161, "gsm7", 161, 2),
    ("a" * 306, "gsm7", 306, 2),
    ("a" * 307, "gsm7", 307, 3),
    ("€" * 80, "gsm7", 160, 1),
    ("€" * 81, "gsm7", 162, 2),
    ("a" * 152 + "€" + "a" * 10, "gsm7", 164, 2),
    ("€" * 153, "gsm7", 306, 3),  # 76 to a part: the 153rd septet can't hold half an escape
    ("查" * 70, "ucs2", 70, 1),
    ("查" * 71, "ucs2", 71, 2),
    ("查" * 134, "ucs2", 134, 2),
    ("查" * 135, "ucs2", 135, 3),
    ("😀" * 35, "ucs2", 70, 1),
    ("😀" * 36, "ucs2", 72, 2),
    ("😀" * 67, "ucs2", 134, 3),  # 33 to a part: no surrogate pair is cut
    ("`", "ucs2", 1, 1),  # in ASCII, in neither table
    ("a" * 70 + "查", "ucs2", 71, 2),
]


def test_the_default_alphabet_is_the_standards() -> None:
    """The table has 128 codes, each character once, and the standard's codes at odd places."""
    assert len(BASIC) == len(set(BASIC)) == 128
    assert [(code, BASIC[code]) for code, _ in BASIC_CODES] == BASIC_CODES


@pytest.mark.parametrize("character", EXTENSION)
def test_an_extension_character_takes_two_septets(character: str) -> None:
    """The escape and the character each cost one septet (TS 23.038 6.2.1.1)."""
    assert encoding(character) == "gsm7"
    assert units(character, "gsm7") == 2


def test_the_escape_itself_is_no_character() -> None:
    """0x1B in a text can't be sent as GSM-7: the next character would be misread."""
    assert encoding("\x1b") == "ucs2"


@pytest.mark.parametrize(("words", "alphabet", "length", "segments"), COUNTED)
def test_counting(words: str, alphabet: str, length: int, segments: int) -> None:
    """Encoding, units and segments by the standard's limits of 160/153 and 70/67."""
    assert encoding(words) == alphabet
    assert units(words, encoding(words)) == length
    assert len(split(words)) == segments


@given(st.text(st.sampled_from("a€^查😀\n1"), max_size=400))
def test_parts_join_to_the_text_and_fit(words: str) -> None:
    """No split loses, adds or cuts a character, and each part fits its header's room."""
    parts = split(words)
    alphabet = encoding(words)
    assert "".join(parts) == words
    room = JOINED[alphabet] if len(parts) > 1 else SINGLE[alphabet]
    assert all(0 < units(part, alphabet) <= room for part in parts)


@pytest.mark.parametrize(
    ("language", "says", "expected"),
    [
        (
            "zh-CN",
            [
                Say("balance_is", {"balance": values.money(5860)}),
                Say("valid_to", {"day": values.date("2026-11-21", year=True)}),
            ],
            Message("您的话费余额为58.60元。有效期至2026年11月21日。", "ucs2", 1),
        ),
        (
            "en",
            [
                Say("balance_is", {"balance": values.money(5860)}),
                Say("valid_to", {"day": values.date("2026-11-21", year=True)}),
            ],
            Message("Your balance is CNY 58.60. Valid to 21 Nov 2026.", "gsm7", 1),
        ),
        (
            "zh-CN",
            [
                Say("intro"),
                Say("row", {"n": values.digits("1")}),
                Say("empty"),
                Say("row", {"n": values.digits("2")}),
            ],
            Message("来电显示\n1 开通\n2 开通", "ucs2", 1),
        ),
        ("zh-CN", [], Message("", "gsm7", 0)),
    ],
)
def test_a_turn_becomes_one_message(language: str, says: list[Say], expected: Message) -> None:
    """Sentences follow one another, lines of a list stand under one another."""
    assert compose(MODEL, language, says) == expected


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_a_very_long_message_is_cut_and_says_so(language: str) -> None:
    """At most ten segments leave, the last closing with words that say something is missing."""
    many = values.rows([(values.digits(str(n)), values.money(n)) for n in range(400)])
    message = compose(MODEL, language, [Say("again", {"list": many})])
    assert message.segments == len(split(message.text)) == MOST_SEGMENTS
    assert message.text.endswith(SHORTENED[language[:2]])


@given(st.text(st.sampled_from("a€查😀 "), max_size=900), st.integers(1, 3))
def test_shortening_keeps_the_limit(words: str, most: int) -> None:
    """Whatever the characters, a shortened message has no more segments than allowed."""
    message = shorten(words, SHORTENED["en"], most)
    assert message.segments == len(split(message.text)) <= most
    assert message.text == words or words.startswith(
        message.text.removesuffix(SHORTENED["en"]).rstrip()
    )
