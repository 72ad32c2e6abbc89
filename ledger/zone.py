"""Local days and hours of the site's zone."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_QUARTER_MS = 900_000
"""Offsets from UTC are whole quarters of an hour, so one look-up serves a quarter."""


class Zone:
    """A time zone by its IANA name; raises ZoneInfoNotFoundError for an unknown one."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._info = ZoneInfo(name)
        self._quarter = lru_cache(maxsize=1024)(self._look_up)

    def local(self, at: int) -> tuple[str, int]:
        """The local day (YYYY-MM-DD) and hour (0-23) of a UTC time in milliseconds."""
        return self._quarter(at // _QUARTER_MS)

    def midnight(self, at: int, days_back: int) -> int:
        """UTC milliseconds of the local midnight that began the day `days_back` days before."""
        day = date.fromisoformat(self.local(at)[0]) - timedelta(days=days_back)
        return int(datetime(day.year, day.month, day.day, tzinfo=self._info).timestamp() * 1000)

    def _look_up(self, quarter: int) -> tuple[str, int]:
        moment = datetime.fromtimestamp(quarter * _QUARTER_MS / 1000, self._info)
        return moment.date().isoformat(), moment.hour
