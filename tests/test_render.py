"""What a text says as characters, in both languages and both media."""

from __future__ import annotations

import pytest
from text_model import model, text

from dialog import values
from dialog.turn import Say
from dialog.values import TYPES, Value
from menus.render import Medium, write

MODEL = model(
    text("shown", {"zh-CN": "{value}", "en": "{value}"}),
    text(
        "balance_is",
        {"zh-CN": "您的话费余额为{balance}。", "en": "Your balance is {balance}."},
        {"zh-CN": "余额{balance}"},
    ),
    text("label_charges", {"zh-CN": "查询话费", "en": "charges"}),
    text("choice", {"zh-CN": "{label}，请按{key}", "en": "for {label}, press {key}"}),
)

WRITTEN: list[tuple[Value, str, str]] = [
    (values.money(5860), "58.60元", "CNY 58.60"),
    (values.money(5), "0.05元", "CNY 0.05"),
    (values.money(-1234), "-12.34元", "CNY -12.34"),
    (values.number(7), "7", "7"),
    (values.count(12, "message"), "12条", "12 messages"),
    (values.count(1, "minute"), "1分钟", "1 minute"),
    (values.count(0, "point"), "0分", "0 points"),
    (values.data(0), "0KB", "0KB"),
    (values.data(1023), "1023KB", "1023KB"),
    (values.data(300 * 1024), "300MB", "300MB"),
    (values.data(1536 * 1024), "1.5GB", "1.5GB"),
    (values.data(1024 * 1024 - 1), "1GB", "1GB"),
    (values.data(10 * 1024 * 1024), "10GB", "10GB"),
    (values.data(1100), "1.07MB", "1.07MB"),
    (values.duration(3900), "1小时5分", "1 h 5 min"),
    (values.duration(300), "5分钟", "5 min"),
    (values.duration(0), "0分钟", "0 min"),
    (values.duration(45), "45秒", "45 s"),
    (values.duration(3661), "1小时1分1秒", "1 h 1 min 1 s"),
    (values.duration(7200), "2小时", "2 h"),
    (values.date("2026-11-21"), "11月21日", "21 November"),
    (values.date("2026-11-21", year=True), "2026年11月21日", "21 November 2026"),
    (values.month("2026-05"), "2026年5月", "May 2026"),
    (values.phone("13800138000"), "尾号8000", "ending 8000"),
    (values.digits("0123"), "0123", "0123"),
    (values.name("caller_id"), "来电显示", "caller ID"),
    (values.place("beijing"), "北京", "Beijing"),
    (values.text("label_charges"), "查询话费", "charges"),
    (
        values.rows(
            [
                (values.name("caller_id"), values.money(500)),
                (values.month("2026-10"), values.money(0)),
            ]
        ),
        "来电显示 5.00元；2026年10月 0.00元",
        "caller ID CNY 5.00; October 2026 CNY 0.00",
    ),
    (values.rows([]), "", ""),
]


@pytest.mark.parametrize(("value", "chinese", "english"), WRITTEN)
def test_each_type_is_written_in_both_languages(value: Value, chinese: str, english: str) -> None:
    """Every value type has its written form in zh-CN and in English."""
    say = Say("shown", {"value": value})
    assert write(MODEL, "zh-CN", say, medium="voice") == chinese
    assert write(MODEL, "en", say, medium="voice") == english


def test_the_table_leaves_out_no_type() -> None:
    """A value type added to dialog.values must get a row above."""
    assert {value.type for value, _, _ in WRITTEN} == TYPES


@pytest.mark.parametrize(
    ("medium", "language", "expected"),
    [
        ("voice", "zh-CN", "您的话费余额为58.60元。"),
        ("sms", "zh-CN", "余额58.60元"),
        ("sms", "en", "Your balance is CNY 58.60."),
    ],
)
def test_a_message_uses_the_sms_wording_where_there_is_one(
    medium: Medium, language: str, expected: str
) -> None:
    """The sms wording serves messages only, and a language without one falls back to the spoken."""
    say = Say("balance_is", {"balance": values.money(5860)})
    assert write(MODEL, language, say, medium=medium) == expected


def test_english_dates_are_short_in_messages() -> None:
    """A message, charged by length, abbreviates the month."""
    say = Say("shown", {"value": values.date("2026-11-21", year=True)})
    assert write(MODEL, "en", say, medium="sms") == "21 Nov 2026"


def test_a_text_in_a_text() -> None:
    """A choice's announcement is composed from its label and key."""
    say = Say("choice", {"label": values.text("label_charges"), "key": values.digits("1")})
    assert write(MODEL, "zh-CN", say, medium="voice") == "查询话费，请按1"
    assert write(MODEL, "en", say, medium="voice") == "for charges, press 1"


def test_a_phone_number_is_never_written_out() -> None:
    """Only the last four digits of a subscriber's number reach a text, in lists too."""
    say = Say("shown", {"value": values.rows([(values.phone("13800138000"),)])})
    for language in ("zh-CN", "en"):
        assert "1380013" not in write(MODEL, language, say, medium="sms")


@pytest.mark.parametrize(
    "say",
    [
        Say("missing"),
        Say("shown"),
        Say("shown", {"value": values.name("missing")}),
        Say("shown", {"value": values.count(1, "missing")}),
    ],
)
def test_what_the_file_lacks_is_loud(say: Say) -> None:
    """A missing text, value, name or measure raises instead of sending a wrong sentence."""
    with pytest.raises(KeyError, match=r"missing|value"):
        write(MODEL, "zh-CN", say, medium="sms")


def test_a_message_begins_with_a_capital() -> None:
    """A name at its beginning too, in languages that have them; what is spoken stays as it is."""
    said = Say("shown", {"value": values.name("caller_id")})
    assert write(MODEL, "en", said, medium="sms") == "Caller ID"
    assert write(MODEL, "en", said, medium="voice") == "caller ID"
