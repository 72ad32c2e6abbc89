"""The requests behind a figure: from the filter of a report's row to rows of the record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hotline.reporting import Context
from ledger.counts import Behind
from reports import drill, rates
from reports.basis import Basis
from reports.layout import Filter, Report

LIMIT = 100


def requests(context: Context) -> Report:
    """The requests that the command's options keep."""
    limit = context.asked.options["limit"]
    own = {key: value for key, value in context.asked.options.items() if key != "limit"}
    kept = context.basis.behind(**{key: value for key, value in own.items() if value is not None})
    found = listed(context, kept, limit)
    if not found.rows:
        context.check(context.where())
    return found


def listed(context: Context, kept: Filter, limit: int = LIMIT) -> Report:
    """The newest requests behind the figure with this filter, and how many there are."""
    first, last = str(kept.get("from", "")), str(kept.get("to", ""))
    if "day" in kept:
        first = last = str(kept["day"])
    plain = {name: value for name, value in kept.items() if name not in ("from", "to", "day")}
    if "version" in plain:
        plain["digest"] = context.version(str(plain.pop("version")))
    found: list[Behind] = []
    whole = 0
    with context.ledger.snapshot():
        for ask in drill.asks(plain, context.causes):
            equal = {**ask.equal, "traffic": plain["traffic"]}
            n, some = _asked(context, equal, first, last, limit, overdue=ask.overdue)
            whole += n
            found += some
    found.sort(key=lambda one: (-one.at, one.id))
    basis = Basis(str(kept["traffic"]), context.now, first, last)
    return drill.requests(found[:limit], whole, basis, kept)


def _asked(
    context: Context, equal: Mapping[str, Any], first: str, last: str, limit: int, *, overdue: bool
) -> tuple[int, list[Behind]]:
    """How many there are, and the newest of them."""
    ledger = context.ledger
    if not overdue:
        n = sum(count.n for count in ledger.counts((), first, last, **equal))
        return n, ledger.behind(limit, first, last, **equal) if n else []
    before = rates.cutoff(context.now)
    whole = 0
    found: list[Behind] = []
    hours = ledger.counts(("day", "hour"), first, last, **equal)
    for count in reversed(hours):
        if (count.day, count.hour) < before:
            whole += count.n
            left = limit - len(found)
            if left > 0:
                at = {**equal, "hour": count.hour}
                found += ledger.behind(left, count.day, count.day, **at)
    return whole, found
