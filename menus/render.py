"""What a text says as characters: in a message, on a terminal, in a TwiML <Say>.

Pure. The speaking counterpart is ivr.playlist; both read the same typed values, so that an answer
has one meaning and two wordings.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

from dialog.turn import Say
from dialog.values import (
    COUNT,
    DATA,
    DATE,
    DIGITS,
    DURATION,
    LIST,
    MONEY,
    MONTH,
    NAME,
    NUMBER,
    PHONE,
    PLACE,
    TEXT,
    YEAR,
    Value,
    Values,
)
from menus.model import Model
from menus.template import Template

Medium = Literal["sms", "voice"]


class Style(NamedTuple):
    """How a language writes values. Sites in further languages read as English ones do."""

    money: str
    counted: str
    hours: str
    minutes: str
    only_minutes: str
    seconds: str
    unit_gap: str  # between hours, minutes and seconds
    phone: str
    rows: str  # between the rows of a list
    capitals: bool  # a sentence begins with one


CHINESE = Style(
    money="{}元",
    counted="{}{}",
    hours="{}小时",
    minutes="{}分",
    only_minutes="{}分钟",  # 分 alone also means points
    seconds="{}秒",
    unit_gap="",
    phone="尾号{}",
    rows="；",
    capitals=False,
)
ENGLISH = Style(
    money="CNY {}",
    counted="{} {}",
    hours="{} h",
    minutes="{} min",
    only_minutes="{} min",
    seconds="{} s",
    unit_gap=" ",
    phone="ending {}",
    rows="; ",
    capitals=True,
)

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)

_MB, _GB = 1024, 1024 * 1024  # in KB


class _Writer(NamedTuple):
    model: Model
    language: str
    medium: Medium
    style: Style

    def text(self, text_id: str, values: Values) -> str:
        template = wording(self.model, self.language, text_id, self.medium)
        return "".join(
            part if isinstance(part, str) else self.value(values[part.name], values)
            for part in template
        )

    def value(self, value: Value, values: Values) -> str:
        if value.type == TEXT:
            return self.text(value.of, values)
        if value.type == LIST:
            return self.style.rows.join(
                " ".join(self.value(cell, values) for cell in row) for row in value.of
            )
        return _WRITE[value.type](self, value)


def write(model: Model, language: str, say: Say, *, medium: Medium) -> str:
    """One text with its values filled in: the message wording for "sms", else the spoken one.

    A message that begins with a name begins with a capital where the language has them. Raises
    KeyError for a text, name or value that the model or `say` does not have; lint refuses a file in
    which that can happen.
    """
    style = CHINESE if language.startswith("zh") else ENGLISH
    text = _Writer(model, language, medium, style).text(say.text, say.values)
    return text[:1].upper() + text[1:] if style.capitals and medium == "sms" else text


def wording(model: Model, language: str, text_id: str, medium: Medium) -> Template:
    """The template of a text in a medium: `sms:` where the file states it, else the spoken one."""
    text = model.texts[text_id]
    if medium == "sms" and language in text.sms:
        return text.sms[language]
    return text.voice[language]


def _money(writer: _Writer, value: Value) -> str:
    sign = "-" if value.of < 0 else ""
    yuan, fen = divmod(abs(value.of), 100)
    return writer.style.money.format(f"{sign}{yuan}.{fen:02d}")


def _plain(_writer: _Writer, value: Value) -> str:
    return str(value.of)


def _count(writer: _Writer, value: Value) -> str:
    word = writer.model.measures[value.unit][writer.language]
    if value.of == 1 and writer.language.startswith("en"):
        word = word.removesuffix("s")  # the file states the plural
    return writer.style.counted.format(value.of, word)


def _data(_writer: _Writer, value: Value) -> str:
    if value.of < _MB:
        return f"{value.of}KB"
    # 1023.999 MB rounds to 1024.00 MB: it is written as 1 GB
    size, unit = (_MB, "MB") if value.of * 100 + _MB // 2 < _GB * 100 else (_GB, "GB")
    hundredths = (value.of * 100 + size // 2) // size
    whole, part = divmod(hundredths, 100)
    return f"{whole}.{part:02d}".rstrip("0").rstrip(".") + unit


def _duration(writer: _Writer, value: Value) -> str:
    style = writer.style
    minutes, seconds = divmod(value.of, 60)
    hours, minutes = divmod(minutes, 60)
    if not hours and not seconds:
        return style.only_minutes.format(minutes)
    parts = ((style.hours, hours), (style.minutes, minutes), (style.seconds, seconds))
    return style.unit_gap.join(form.format(n) for form, n in parts if n)


def _english_month(writer: _Writer, month: int) -> str:
    return MONTHS[month - 1][:3] if writer.medium == "sms" else MONTHS[month - 1]


def _date(writer: _Writer, value: Value) -> str:
    day = datetime.date.fromisoformat(value.of)
    dated = value.unit == YEAR
    if writer.style is CHINESE:
        return f"{f'{day.year}年' if dated else ''}{day.month}月{day.day}日"
    return f"{day.day} {_english_month(writer, day.month)}{f' {day.year}' if dated else ''}"


def _month(writer: _Writer, value: Value) -> str:
    year, month = value.of.split("-")
    if writer.style is CHINESE:
        return f"{year}年{int(month)}月"
    return f"{_english_month(writer, int(month))} {year}"


def _phone(writer: _Writer, value: Value) -> str:
    # never more than the last four: the message may be read by another than the owner
    return writer.style.phone.format(value.of[-4:])


def _name(writer: _Writer, value: Value) -> str:
    return writer.model.names[value.of][writer.language]


_WRITE: Mapping[str, Callable[[_Writer, Value], str]] = {
    MONEY: _money,
    NUMBER: _plain,
    COUNT: _count,
    DATA: _data,
    DURATION: _duration,
    DATE: _date,
    MONTH: _month,
    PHONE: _phone,
    DIGITS: _plain,
    PLACE: _name,
    NAME: _name,
}
