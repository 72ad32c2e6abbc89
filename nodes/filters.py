"""`for:` and `valid:`: rules that ops staff own, judged from the event's time and the profile."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from menus import filters
from menus.model import Filter, Window
from nodes.step import Step


def admits(rule: Filter, step: Step) -> bool:
    """Whether the rule lets this subscriber pass now."""
    return filters.admits(rule, step.session.origin.called, step.profile, step.when)


def closed(step: Step, kind: str) -> str:
    """The reason of the first window that refuses a request of this kind now, or ""."""
    for window in step.model.windows:
        if (
            (not window.kinds or kind in window.kinds)
            and (not window.books or step.book in window.books)
            and admits(window.filter, step)
            and _in_hours(window, step)
        ):
            return window.reason
    return ""


@lru_cache(maxsize=8)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def local(step: Step) -> datetime:
    """The event's time in the site's zone, by the link's clock where it has one."""
    return datetime.fromtimestamp(step.when / 1000, _zone(step.model.zone))


def today(step: Step) -> str:
    """The event's local day, YYYY-MM-DD."""
    return local(step).date().isoformat()


def _in_hours(window: Window, step: Step) -> bool:
    now = local(step)
    if window.days == "month_end" and (now + timedelta(days=1)).day != 1:
        return False
    second = now.hour * 3600 + now.minute * 60 + now.second
    return window.from_time <= second < window.to_time
