"""Typed values: what a text's placeholders hold until a channel speaks or writes them.

Nothing is formatted here. Voice turns a value into clips (`ivr.playlist`), text into
characters (`menus.render`), so that one answer has one meaning and two wordings.

>>> money(5860)
Value(type='money', of=5860, unit='')
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

MONEY = "money"  # integer fen
NUMBER = "number"  # integer
COUNT = "count"  # integer, unit = one of MEASURES
DATA = "data"  # integer KB (1 MB = 1024 KB)
DURATION = "duration"  # integer seconds
DATE = "date"  # YYYY-MM-DD, the site's zone; unit "year": the year is said too
MONTH = "month"  # YYYY-MM
PHONE = "phone"  # digits; spoken and written as its last four
DIGITS = "digits"  # read digit by digit: keys, receipt numbers
PLACE = "place"  # a catalogue name used as a place
NAME = "name"  # a catalogue name: a service, plan, brand or state
TEXT = "text"  # the id of another text of the file, such as a choice's label
LIST = "list"  # rows, each a tuple of values

TYPES = frozenset(
    (MONEY, NUMBER, COUNT, DATA, DURATION, DATE, MONTH, PHONE, DIGITS, PLACE, NAME, TEXT, LIST)
)

YEAR = "year"
"""The unit of a date whose year is said."""

MEASURES = ("message", "minute", "point", "item", "day")
"""Measure words of a count; the file gives each its wording (条, 分钟, 分, 项, 天)."""


class Value(NamedTuple):
    """One typed value. `of` is an int, a str or, for a list, a tuple of rows of values."""

    type: str
    of: Any
    unit: str = ""


Values = Mapping[str, Value]


def money(fen: int) -> Value:
    """An amount in fen (1 yuan = 100 fen)."""
    return Value(MONEY, fen)


def number(n: int) -> Value:
    """A plain number."""
    return Value(NUMBER, n)


def count(n: int, measure: str) -> Value:
    """A number of something: `measure` is one of MEASURES."""
    return Value(COUNT, n, measure)


def data(kilobytes: int) -> Value:
    """A data volume in KB."""
    return Value(DATA, kilobytes)


def duration(seconds: int) -> Value:
    """A length of time in seconds."""
    return Value(DURATION, seconds)


def date(iso: str, *, year: bool = False) -> Value:
    """A day, YYYY-MM-DD; `year` when it may be far from today, so that its year must be said."""
    return Value(DATE, iso, YEAR if year else "")


def month(iso: str) -> Value:
    """A month, YYYY-MM."""
    return Value(MONTH, iso)


def phone(digits: str) -> Value:
    """A subscriber number; channels give its last four digits only."""
    return Value(PHONE, digits)


def digits(text: str) -> Value:
    """Characters read one by one."""
    return Value(DIGITS, text)


def place(name_id: str) -> Value:
    """A place out of the file's names."""
    return Value(PLACE, name_id)


def name(name_id: str) -> Value:
    """A catalogue name out of the file's names."""
    return Value(NAME, name_id)


def text(text_id: str) -> Value:
    """Another text of the file, spoken in place."""
    return Value(TEXT, text_id)


def rows(items: Iterable[tuple[Value, ...]]) -> Value:
    """A list; each item is a row of values said one after the other."""
    return Value(LIST, tuple(items))


def load(row: Any) -> Value:
    """A value back from its JSON form `[type, of, unit]`."""
    kind, of, unit = row
    if kind == LIST:
        of = tuple(tuple(load(value) for value in item) for item in of)
    return Value(kind, of, unit)
