"""The reports by name: what each is made from, and how.

A report is a pure function in reports/; its maker here hands it counts, clock and models.
"""

from __future__ import annotations

import contextlib
import datetime
import importlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from dialog.outcomes import UNKNOWN
from hotline.settings import Settings
from ledger.counts import VISIT_DIMENSIONS, Count, Visit
from ledger.ledger import Ledger
from menus.model import Model
from reports import causes
from reports.basis import Basis
from reports.layout import Filter, Report, Unanswerable, both
from reports.rates import WHEN
from reports.spans import Span

REPORTS: Mapping[str, str] = {
    "failures": "hotline.makers",
    "layers": "hotline.makers",
    "errors": "hotline.makers_errors",
    "control": "hotline.makers",
    "compare": "hotline.makers",
    "target": "hotline.makers",
    "topics": "hotline.makers_nodes",
    "contact": "hotline.makers_nodes",
    "order": "hotline.makers_nodes",
    "loss": "hotline.makers_nodes",
    "journeys": "hotline.makers_nodes",
    "texts": "hotline.makers_texts",
    "requests": "hotline.drilling",
}
"""The module that holds the maker of each report, a function of the report's name."""


class Asked(NamedTuple):
    """What a report is asked for; days are local, YYYY-MM-DD, "" = no bound.

    `where` keeps the counts of these dimensions' values; `options` are the report's own.
    """

    traffic: str = "real"
    first: str = ""
    last: str = ""
    where: Filter = {}
    rebuild: bool = False
    options: Mapping[str, Any] = {}


class Rated(NamedTuple):
    """Counts of requests and lost calls, and what a report on them stands on."""

    counts: list[Count]
    basis: Basis


class Context:
    """What a report is made from."""

    def __init__(
        self, settings: Settings, ledger: Ledger, asked: Asked, now: datetime.datetime
    ) -> None:
        self.settings, self.ledger, self.asked, self.now = settings, ledger, asked, now
        self.causes = causes.load()
        self._models: dict[str, Model | None] = {}

    def counts(self, by: Sequence[str], span: Span | None = None, **equal: Any) -> list[Count]:
        """The counts asked for, by these dimensions; `span` and `equal` keep fewer.

        Raises Unanswerable for a value of `where` that nothing was ever counted under.
        """
        count = self.ledger.rebuild_counts if self.asked.rebuild else self.ledger.counts
        first, last, where = self.asked.first, self.asked.last, self.where()
        if span is not None:
            first, last = max(first, span.first), min(last or span.last, span.last)
        found = count(by, first, last, traffic=self.asked.traffic, **{**where, **equal})
        if not found:
            self.check(where)
        return found

    def rated(self, by: Sequence[str], span: Span | None = None, **equal: Any) -> Rated:
        """What R1, R2 and R3 are made of, by rates.needs: all from one moment.

        Only of what is unknown days and hours are asked: there is little of it, and many hours.
        """
        with self.ledger.snapshot():
            counts = self.counts(by, span, **equal)
            if any(count.outcome == UNKNOWN for count in counts) and not {*WHEN} <= {*by}:
                dated = tuple(dict.fromkeys((*by, *WHEN)))
                unknown = self.counts(dated, span, **equal, outcome=UNKNOWN)
                counts = [count for count in counts if count.outcome != UNKNOWN] + unknown
            dates = [] if "day" in by else self.counts(("day",), span, **equal)
        return Rated(counts, self.basis._replace(days=tuple(count.day for count in dates)))

    def visits(self, by: Sequence[str]) -> list[Visit]:
        """The visits asked for, by these dimensions. Raises Unanswerable as `counts` does.

        Visits know channel, version and node, and no other of the filters.
        """
        asked, where = self.asked, self.where()
        if unknown := set(where) - set(VISIT_DIMENSIONS):
            named = ", ".join(f"--{name}" for name in sorted(unknown))
            raise Unanswerable(both(f"这里不能用 {named}。", f"{named} can't be used here."))
        read = self.ledger.rebuild_visits if asked.rebuild else self.ledger.visits
        found = read(by, asked.first, asked.last, traffic=asked.traffic, **where)
        if not found:
            self.check(where)
        return found

    @property
    def basis(self) -> Basis:
        """What the report stands on."""
        asked = self.asked
        return Basis(asked.traffic, self.now, asked.first, asked.last, asked.where)

    def where(self) -> dict[str, Any]:
        """The filter in the ledger's own values: a version by its whole digest."""
        where = dict(self.asked.where)
        if "version" in where:
            where["digest"] = self.version(str(where.pop("version")))
        return where

    def version(self, prefix: str) -> str:
        """The digest of the one version that begins so; raises Unanswerable."""
        known = self.ledger.digests()
        found = [digest for digest in known if digest.startswith(prefix)]
        if len(found) == 1:
            return found[0]
        shown = ", ".join(digest[:12] for digest in found or known) or "—"
        chinese = "不止一个版本" if found else "没有版本"
        english = "several versions begin" if found else "no version begins"
        raise Unanswerable(
            both(f"{chinese}以 {prefix} 开头，现有：{shown}。", f"{english} with {prefix}: {shown}")
        )

    def model(self, digest: str) -> Model | None:
        """A version's model; None when the record has it no more or this release can't read it."""
        from menus.loader import load_sources

        if digest not in self._models:
            version = self.ledger.version(digest)
            self._models[digest] = load_sources(json.loads(version.sources))[0] if version else None
        return self._models[digest]

    def serving(self) -> Model | None:
        """The model that serves, else the one of the site's files."""
        digest = self.ledger.serving()
        if digest and (model := self.model(digest)):
            return model
        from menus.loader import UnreadableError, load_sources, read_sources

        try:
            return load_sources(read_sources(self.settings.site))[0]
        except UnreadableError:
            return None

    def check(self, where: Mapping[str, Any]) -> None:
        """Raises Unanswerable for a value that nothing was ever counted under."""
        for name, value in where.items():
            values = {getattr(count, name) for count in self.ledger.counts((name,))}
            if values and value not in values:
                shown = ", ".join(sorted(str(each) for each in values if each != "")[:20])
                raise Unanswerable(
                    both(
                        f"从未统计到 {name} = {value!r}，有：{shown}。",
                        f"Nothing was ever counted under {name} {value!r}; there are: {shown}",
                    )
                )


class Made(NamedTuple):
    """A report and, for each of its rows, some of the requests behind it."""

    report: Report
    samples: tuple[Report | None, ...] = ()


MOST_SAMPLED = 60
"""Rows of a page that show requests; all of them show the command that opens theirs."""


def make(settings: Settings, name: str, asked: Asked, samples: int = 0) -> Made:
    """The report of that name, with so many sample requests for each of its rows.

    Raises Unanswerable when the question makes no sense.
    """
    with Ledger.open(settings.home / "ledger.db", zone=settings.zone) as ledger:
        now = datetime.datetime.now(ZoneInfo(settings.zone))
        context = Context(settings, ledger, asked, now)
        report = _maker(name)(context)
        if not samples:
            return Made(report)
        from hotline.drilling import listed

        def some(kept: Filter) -> Report | None:
            with contextlib.suppress(Unanswerable):  # a version that the record has no more
                return listed(context, kept, samples) if kept else None
            return None

        return Made(report, tuple(map(some, report.behind[:MOST_SAMPLED])))


def _maker(name: str) -> Callable[[Context], Report]:
    module = importlib.import_module(REPORTS[name])
    maker: Callable[[Context], Report] = getattr(module, name)
    return maker
