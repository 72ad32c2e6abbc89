"""What the record knows of callers: what they want, how they use menus, what their habits are."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from hotline.evidence import gather, site_topics
from hotline.reporting import Context
from hotline.speech import Speech
from ledger.counts import CALL, STEP
from ledger.records import Walk
from menus.model import Model
from reports.topics import HALF_LIFE, demand
from tuning import counted, habits
from tuning.heard import Spoken
from tuning.posterior import Wanted
from tuning.site import Callers

_HALVED = 6
"""Half-lives after which what was asked is not looked at: a 64th of it would be left."""
WALKED = 4_000
"""Calls, of the latest days, that are looked at for habits."""


class Known(NamedTuple):
    """What tuning stands on beside the site: days with calls, calls, requests by their source.

    `first` and `last` are the days that were found, "" for none; `walked` the calls whose presses
    were looked at.
    """

    first: str = ""
    last: str = ""
    calls: int = 0
    requests: Mapping[str, int] = {}
    walked: int = 0

    @property
    def days(self) -> int:
        """The local days from the first to the last, both included."""
        if not self.first:
            return 0
        first, last = (datetime.date.fromisoformat(day) for day in (self.first, self.last))
        return (last - first).days + 1

    @property
    def calls_a_day(self) -> float:
        """Calls by voice."""
        return self.calls / self.days if self.days else 0


def callers_of(context: Context, model: Model, speech: Speech) -> tuple[Known, Callers]:
    """All that the days, the traffic and the record that were asked for tell, of a site's model.

    Raises evidence.BadTopicsError.
    """
    asked, ledger = context.asked, context.ledger
    days = {c.day: c.n for c in context.counts(("day",), of=CALL, channel="voice")}
    evidence = gather(
        ledger,
        site_topics(context.settings.site, model),
        model,
        first=asked.first or _reaching(context, days),
        last=asked.last,
        traffic=asked.traffic,
        today=context.now.date().isoformat(),
    )
    wanted = demand(evidence)
    sources: Counter[str] = Counter()
    for row in wanted.values():
        sources.update(row.sources)
    visits = ledger.visits(
        counted.NEEDS, asked.first, asked.last, traffic=asked.traffic, channel="voice", of=STEP
    )
    now = {
        digest: habits.same_lines(version[0], model)
        for digest in {visit.digest for visit in visits}
        if (version := speech.of(digest)) is not None
    }
    looked_at = habits.habits(_walks(context, speech, days, now), now)
    known = Known(
        min(days, default=""), max(days, default=""), sum(days.values()), sources, looked_at.calls
    )
    return known, Callers(
        {leaf: Wanted(row.weight, row.error) for leaf, row in wanted.items()},
        counted.counted(visits, now),
        looked_at,
    )


def _reaching(context: Context, days: Mapping[str, int]) -> str:
    """The first day of which enough of the demand is left, back from the last with calls."""
    last = datetime.date.fromisoformat(max(days, default=context.now.date().isoformat()))
    return (last - datetime.timedelta(days=round(_HALVED * HALF_LIFE))).isoformat()


def _walks(
    context: Context, speech: Speech, days: Mapping[str, int], now: Mapping[str, object]
) -> Iterator[tuple[Walk, Model, Mapping[str, Spoken]]]:
    """The calls of the latest days, each with its version's model and lengths."""
    first, calls = "", 0
    for day in sorted(days, reverse=True):
        first, calls = day, calls + days[day]
        if calls >= WALKED:
            break
    if not calls:
        return
    traffic, last = context.asked.traffic, context.asked.last
    for walk in context.ledger.walks(first, last, traffic, "voice", WALKED):
        known = speech.of(walk.session.digest)
        if known is not None and walk.session.digest in now:
            yield walk, *known
