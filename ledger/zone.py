"""Local days and hours of the site's zone."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

FIRST_YEAR, LAST_YEAR = 1900, 2378
"""Days that have a place in the roll-ups (rollups.place)."""
DAY_MS = 86_400_000
_HOUR_MS = 3_600_000
_QUARTER_MS = 900_000
"""Offsets from UTC are whole quarters of an hour, so one look-up serves a quarter."""


class Zone:
    """A time zone by its IANA name; raises ZoneInfoNotFoundError for an unknown one."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._info = ZoneInfo(name)
        self._quarter = lru_cache(maxsize=1024)(self._look_up)

    def local(self, at: int) -> tuple[str, int]:
        """The local day (YYYY-MM-DD) and hour (0-23) of a UTC time in milliseconds.

        Raises ValueError for a time out of these centuries.
        """
        return self._quarter(at // _QUARTER_MS)

    def iso(self, at: int) -> str:
        """A UTC time in milliseconds as local ISO 8601, to the second, with its offset."""
        return datetime.fromtimestamp(at / 1000, self._info).isoformat(timespec="seconds")

    def midnight(self, at: int, days_back: int) -> int:
        """UTC milliseconds of the local midnight that began the day `days_back` days before."""
        day = date.fromisoformat(self.local(at)[0]) - timedelta(days=days_back)
        return self.start(day.isoformat())

    def start(self, day: str, hour: int = 0) -> int:
        """UTC milliseconds at which a local day began, or that hour of it for the first time."""
        moment = datetime.combine(date.fromisoformat(day), time(hour), self._info)
        return int(moment.timestamp() * 1000)

    def hour(self, day: str, hour: int) -> tuple[int, int]:
        """From when to before when (UTC ms) the clock showed an hour, both times it did so."""
        again = datetime.combine(date.fromisoformat(day), time(hour, fold=1), self._info)
        return self.start(day, hour), int(again.timestamp() * 1000) + _HOUR_MS

    def end(self, day: str) -> int:
        """UTC milliseconds at which a local day is over."""
        return self.start(days_from(day, 1))

    def _look_up(self, quarter: int) -> tuple[str, int]:
        moment = datetime.fromtimestamp(quarter * _QUARTER_MS / 1000, self._info)
        if not FIRST_YEAR <= moment.year < LAST_YEAR:
            raise ValueError(f"no time of a record: {moment}")
        return moment.date().isoformat(), moment.hour


def days_from(day: str, n: int) -> str:
    """The day (YYYY-MM-DD) that is `n` days after another; the calendar's ends are the last."""
    ordinal = date.fromisoformat(day).toordinal() + n
    return date.fromordinal(min(max(ordinal, 1), date.max.toordinal())).isoformat()
