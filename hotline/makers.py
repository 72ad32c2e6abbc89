"""Makers of the reports on failures: each hands its report what it is made from."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hotline.reporting import Context
from reports import compare as compare_report
from reports import control as control_report
from reports import failures as failure_report
from reports import layers as layer_report
from reports import rates
from reports import target as target_report
from reports.layout import Rate, Report, Unanswerable, both
from reports.spans import Span, clock_changes, parse_span


def failures(context: Context) -> Report:
    """R1, R2 and R3, by what was asked for."""
    by = str(context.asked.options["by"] or "")
    counts, basis = context.rated(rates.needs(by))
    report = failure_report.failures(counts, context.causes, basis, by=by)
    return _with_clock(report, context) if by == "hour" else report


def layers(context: Context) -> Report:
    """Class, cause, reason, node; or nodes by their excess."""
    given = context.asked.options
    counts, basis = context.rated(layer_report.NEEDS)
    return layer_report.layers(
        counts,
        context.causes,
        basis,
        rate=given["rate"],
        by=given["by"],
        target=given["target"] / 100,
    )


def control(context: Context) -> Report:
    """Laney's p' chart by days or hours."""
    given = context.asked.options
    by = given["by"]
    frozen = parse_span(given["baseline"]) if given["baseline"] else None
    counts, basis = context.rated(control_report.NEEDS[by])
    report = control_report.control(counts, basis, rate=given["rate"], by=by, frozen=frozen)
    return _with_clock(report, context)


def target(context: Context) -> Report:
    """The way from a baseline to the target."""
    given = context.asked.options
    before = _baseline(context, given["baseline"], given["rate"]) if given["baseline"] else None
    counts, basis = context.rated(rates.NEEDS)
    return target_report.target(
        counts,
        context.causes,
        basis,
        rate=given["rate"],
        goal=given["target"] / 100,
        before=before,
    )


def _baseline(context: Context, text: str, rate: str) -> Rate:
    span = parse_span(text)
    counts, basis = context.rated(rates.NEEDS, span=span)
    found = rates.rate_of(rates.tallies(rates.facts(counts, basis))[rate])
    if not found.of:
        raise Unanswerable(
            both(f"{span} 没有申请，不能作基准。", f"No requests in {span}: it is no baseline.")
        )
    return found


# -- comparisons -----------------------------------------------------------------------------------

_DIGEST = re.compile(r"[0-9a-f]{4,64}")


def compare(context: Context) -> Report:
    """Two spans or two versions."""
    given = context.asked.options
    by = given["by"]
    texts = (given["a"], given["b"])
    if all(_DIGEST.fullmatch(text) for text in texts):
        a, b = (_version(context, text, by) for text in texts)
    else:
        a, b = _spans(context, texts, by)
    if a.kept == b.kept:
        raise Unanswerable(both("A 和 B 相同，没有可对比的。", "A and B are the same."))
    return compare_report.compare(a, b, context.basis, by=by, rate=given["rate"])


def _version(context: Context, prefix: str, by: str) -> compare_report.Side:
    digest = context.version(prefix)
    counts, _ = context.rated(compare_report.needs_by(by), digest=digest)
    return compare_report.Side(digest[:12], counts, {"version": digest[:12]})


def _spans(context: Context, texts: tuple[str, str], by: str) -> Iterator[compare_report.Side]:
    if any(_DIGEST.fullmatch(text) for text in texts):
        raise Unanswerable(
            both(
                "A、B 要么都是日期段，要么都是菜单版本。",
                "A and B are both spans of days, or both menus versions.",
            )
        )
    a, b = (parse_span(text) for text in texts)
    if a != b and a.meets(b):
        raise Unanswerable(both(f"{a} 和 {b} 有重叠的日期。", f"{a} and {b} have days in common."))
    needs = compare_report.needs_by(by)
    for span in (a, b):
        kept = {"from": span.first, "to": span.last}
        counts, _ = context.rated(needs, span=span)
        yield compare_report.Side(str(span), counts, kept)


# -- clocks ----------------------------------------------------------------------------------------


def _with_clock(report: Report, context: Context) -> Report:
    """The report with a note for each day that had no 24 hours."""
    days = report.facts["days"]
    if not days or context.now.tzinfo is None:
        return report
    notes = clock_changes(context.now.tzinfo, Span(*days.split(" – ")))
    return report._replace(notes=(*report.notes, *notes))
