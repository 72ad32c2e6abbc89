"""Spans of local days, and the hours that a clock change gives twice or takes away."""

from __future__ import annotations

import calendar
import datetime
import re
from typing import NamedTuple

from reports.layout import Unanswerable, both


class Span(NamedTuple):
    """Local days (YYYY-MM-DD), both included."""

    first: str
    last: str

    def __str__(self) -> str:
        return self.first if self.first == self.last else f"{self.first}..{self.last}"

    def meets(self, other: Span) -> bool:
        """Whether a day is in both."""
        return self.first <= other.last and other.first <= self.last


def parse_span(text: str) -> Span:
    """A span of days: YYYY-MM-DD..YYYY-MM-DD, one day, or a month YYYY-MM.

    Raises Unanswerable for anything else and for a span that ends before it begins.

    >>> parse_span("2008-02")
    Span(first='2008-02-01', last='2008-02-29')
    """
    first, dots, last = text.partition("..")
    try:
        if re.fullmatch(r"\d{4}-\d\d", text):
            year, month = map(int, text.split("-"))
            return Span(f"{text}-01", f"{text}-{calendar.monthrange(year, month)[1]:02d}")
        found = Span(_day(first), _day(last if dots else first))
    except ValueError:
        raise Unanswerable(
            both(
                f"{text!r} 不是日期段，应写成 2026-03-01..2026-03-31 或 2026-03。",
                "Not a span of days; write 2026-03-01..2026-03-31 or 2026-03.",
            )
        ) from None
    if found.first > found.last:
        raise Unanswerable(
            f"{text} 的起止颠倒了，请对调。 {text} ends before it begins: swap them."
        )
    return found


def _day(text: str) -> str:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        raise ValueError(text)
    return datetime.date.fromisoformat(text).isoformat()


def clock_changes(zone: datetime.tzinfo, span: Span) -> list[str]:
    """A sentence for each day of the span whose clock is changed in the zone: it has no 24 hours.

    An hour that comes twice is counted as one; an hour that does not come has no requests.
    """
    told = []
    day = datetime.date.fromisoformat(span.first)
    while day.isoformat() <= span.last:
        following = day + datetime.timedelta(days=1)
        hours = (_midnight(following, zone) - _midnight(day, zone)).total_seconds() / 3600
        if hours != 24:
            told.append(
                both(
                    f"{day} 调整时钟，全天 {hours:g} 小时：重复的小时并为一个，跳过的没有申请。",
                    f"The clock changes on {day}, which has {hours:g} hours: an hour that comes "
                    "twice is counted as one, one that is skipped has no requests.",
                )
            )
        day = following
    return told


def _midnight(day: datetime.date, zone: datetime.tzinfo) -> datetime.datetime:
    local = datetime.datetime(day.year, day.month, day.day, tzinfo=zone)
    return local.astimezone(datetime.UTC)
