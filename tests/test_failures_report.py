"""The failure report: the quality circle's figures, what is set apart, and its three forms."""

from __future__ import annotations

import csv
import datetime
import io
import json
from collections.abc import Iterable
from zoneinfo import ZoneInfo

import pytest
from report_case import AS_OF, BASE, CAUSES, QUALITY_CIRCLE, cells, failed

from ledger.counts import CALL, LOST, OPEN, SERVED, Count
from reports.basis import Basis
from reports.failures import BY, failures
from reports.layout import Ratio, Report, Word, table, to_csv, to_json
from reports.rates import cutoff, needs


def report(counts: Iterable[Count], by: str = "", traffic: str = "dialtest") -> Report:
    """The report at the fixed time."""
    return failures(counts, CAUSES, Basis(traffic, AS_OF), by=by)


def rates(found: Report) -> dict[str, str]:
    """The overall rates by their id, of a report without groups."""
    return {str(row[0]): str(row[1]) for row in found.rows}


def test_the_circles_failure_rate() -> None:
    """2.56 % of the test calls failed: with numerator, denominator and 95 % interval."""
    assert rates(report(QUALITY_CIRCLE))["R1"] == "505/19727 2.56 % (2.35–2.79)"


def test_the_circles_system_share() -> None:
    """84.16 % of all failures are the system's."""
    rows = [row for row in cells(report(QUALITY_CIRCLE, "class")) if row["rate"] == "R1"]
    shares = {row["class"].id: str(row["share"]) for row in rows}
    assert shares == {"system": "425/505 84.16 %", "operation": "80/505 15.84 %"}


def test_the_circles_symptom() -> None:
    """88 % of the system's failures are prompts that guide badly (自助语音引导性差)."""
    found = report(QUALITY_CIRCLE, "cause")
    heads, rows = table(found)
    row = next(row for row in rows if row[0] == "R1" and row[2].startswith("自助语音"))
    assert dict(zip(heads, row, strict=True)) == {
        "指标 rate": "R1",
        "原因分类 class": "系统原因 system",
        "原因 cause": "自助语音引导性差 prompts guide badly",
        "次数 count": "374",
        "占失败 share of failures": "374/505 74.06 %",
        "占本类 share of its class": "374/425 88.00 %",
        "失败率 failure rate": "374/19727 1.90 % (1.71–2.10)",
    }


MIXED = [
    BASE._replace(n=10),
    BASE._replace(n=2, outcome="accepted"),
    failed(3, "backend_error", node="enable", service="caller_id"),
    BASE._replace(n=4, outcome="refused", reason="already_active", node="enable"),
    BASE._replace(n=2, outcome="declined", node="enable"),
    BASE._replace(n=1, outcome=OPEN, day="2008-03-31", hour=23),
    # unknown: two for more than 24 h, one in the hour that is just 24 h ago, one of today
    BASE._replace(n=2, outcome="unknown", day="2008-03-31", hour=8),
    BASE._replace(n=1, outcome="unknown", day="2008-03-31", hour=9),
    BASE._replace(n=1, outcome="unknown", day="2008-04-01", hour=1),
    # a query by voice, and texts
    BASE._replace(n=20, kind="query"),
    failed(1, "abandoned", kind="query", guided=False),
    BASE._replace(n=30, channel="text", keyword="CXYE"),
    failed(5, "unknown_command", channel="text", kind="none", keyword="=HYPERLINK()"),
    # calls: lost before any leaf, and those that met one, which their requests stand for
    Count(CALL, "2008-01-15", 10, "voice", "dialtest", outcome=LOST, reason="caller", n=6),
    Count(CALL, "2008-01-15", 10, "voice", "dialtest", outcome=LOST, reason="agent", n=1),
    Count(CALL, "2008-01-15", 10, "voice", "dialtest", outcome=SERVED, reason="caller", n=50),
    # other traffic
    BASE._replace(n=1000, traffic="real"),
]
REAL = [c._replace(traffic="real" if c.traffic == "dialtest" else "demo") for c in MIXED]


def test_the_three_rates() -> None:
    """R1 is voice changes, R2 all requests, R3 both with pre-leaf loss in both terms."""
    assert rates(report(MIXED)) == {
        "R1": "5/26 19.23 % (8.51–37.88)",
        "R2": "11/82 13.41 % (7.66–22.45)",
        "R3": "18/89 20.22 % (13.19–29.72)",
    }


def test_every_request_stands_in_one_column() -> None:
    """Refused, declined, unknown and open are set apart; the columns add up to the denominator."""
    found = report(MIXED)
    assert cells(found)[0] == {
        "rate": "R1",
        "failure_rate": Ratio(5, 26),
        "done": 12,
        "failed": 5,
        "lost": None,
        "refused": 4,
        "declined": 2,
        "unknown": 2,
        "open": 1,
    }
    for row in found.rows:
        ratio = row[1]
        assert isinstance(ratio, Ratio)
        assert sum(cell for cell in row[2:] if isinstance(cell, int)) == ratio.of


def test_unknown_for_a_day_counts_as_failed() -> None:
    """A change without an answer fails 24 h after its hour, as a fault of the BSS, and says so."""
    found = report(MIXED)
    assert any("2 次办理超过24小时" in note for note in found.notes)
    row = next(row for row in cells(report(MIXED, "reason")) if row["reason"] == "unknown")
    assert (row["class"].id, row["n"]) == ("system", 2)


def test_a_day_is_a_day_across_a_clock_change() -> None:
    """24 hours are 24 hours, also on a day of 23: in Berlin of 2026-03-29."""
    now = datetime.datetime(2026, 3, 29, 10, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    assert cutoff(now) == ("2026-03-28", 9)
    assert cutoff(now.replace(day=28)) == ("2026-03-27", 10)


@pytest.mark.parametrize("by", BY)
@pytest.mark.parametrize("counts", [MIXED, QUALITY_CIRCLE])
def test_groups_add_up_to_the_total(by: str, counts: list[Count]) -> None:
    """However it is grouped, the numerators of each rate add up to the whole."""
    whole = {row["rate"]: row["failure_rate"].n for row in cells(report(counts))}
    sums = dict.fromkeys(whole, 0)
    for row in cells(report(counts, by)):
        is_total = isinstance(row[by], Word) and row[by].id == "total"
        if row["failure_rate"] is not None and not is_total:  # None: a refusal's row
            sums[row["rate"]] += row["failure_rate"].n
    assert sums == whole


@pytest.mark.parametrize(
    ("by", "groups"),
    [
        ("month", ["2008-01", "2008-02", "2008-03"]),
        ("day", ["2008-01-15", "2008-02-11", "2008-03-09"]),
        ("hour", ["10", "20"]),
        ("kind", ["change"]),
        ("channel", ["voice"]),
    ],
)
def test_groups_of_time_stand_in_order(by: str, groups: list[str]) -> None:
    """Months, days and hours ascend, and a total closes the table."""
    rows = [row for row in report(QUALITY_CIRCLE, by).rows if row[1] == "R1"]
    assert [str(row[0]) for row in rows] == [*groups, "合计 total"]


def test_the_worst_group_stands_first() -> None:
    """Places are ordered by their failures; a request without one is under (none)."""
    rows = report(MIXED, "service").rows
    assert [str(row[0]) for row in rows if row[1] == "R2"] == [
        "— (none)",
        "caller_id",
        "合计 total",
    ]


def test_a_group_without_voice_changes_has_no_r1() -> None:
    """A keyword is never texted in a call: no row claims 0 % for it."""
    rows = report(MIXED, "keyword").rows
    assert [row[1] for row in rows if row[0] == "CXYE"] == ["R2", "R3"]


def test_refused_requests_have_causes_and_are_no_failures() -> None:
    """By reason, a refusal stands last, under its rule, without a share of the failures."""
    rows = [row for row in report(REAL, "reason", "real").rows if row[0] == "R2"]
    assert [str(cell) for cell in rows[-1]] == [
        "R2",
        "业务规则 business rule",
        "业务状态不符 state does not allow it",
        "already_active",
        "4",
        "None",
        "4/4 100.00 %",
        "None",
    ]


def test_losses_before_any_leaf_have_causes() -> None:
    """R3 tells hang-ups and opt-outs apart from requests' reasons."""
    rows = [row for row in cells(report(REAL, "reason", "real")) if row["rate"] == "R3"]
    lost = {
        row["reason"]: (row["cause"].id, row["n"])
        for row in rows
        if row["reason"].startswith("pre_leaf:")
    }
    assert lost == {"pre_leaf:caller": ("hung_up", 6), "pre_leaf:agent": ("opt_out", 1)}


def test_causes_close_with_the_rates() -> None:
    """A report by cause still says the three rates and what is set apart."""
    notes = report(MIXED, "class").notes
    assert notes[-3].startswith("R1: 5/26 19.23 % (8.51–37.88) · 拒绝 refused 4")


@pytest.mark.parametrize("counts", [[], [BASE], [BASE._replace(traffic="demo", n=0)]])
def test_no_data_is_a_sentence(counts: list[Count]) -> None:
    """Without requests of the traffic there is no table and no 0 %, but one clear sentence."""
    found = report(counts, "month", "real" if counts == [BASE] else "demo")
    assert found.rows == ()
    assert len(found.notes) == 1
    assert "没有" in found.notes[0]
    assert "No requests" in found.notes[0]
    assert to_csv(found).count("\r\n") == 1


def test_a_rate_of_nothing_is_no_rate() -> None:
    """With texts only R1 is 0/0 —, in every form."""
    found = report([BASE._replace(channel="text", n=3)])
    assert table(found)[1][0][1] == "0/0 —"
    assert json.loads(to_json(found))["rows"][0]["failure_rate"] == {
        "n": 0,
        "of": 0,
        "percent": None,
        "low": None,
        "high": None,
    }
    first = next(csv.DictReader(io.StringIO(to_csv(found))))
    assert (first["failure_rate_n"], first["failure_rate_percent"]) == ("0", "")
    assert any("R1 has no value" in note for note in found.notes)


def test_what_the_report_stands_on_is_in_it() -> None:
    """Traffic, the days, the as-of time and the version of the causes are in JSON and CSV."""
    found = failures(MIXED, CAUSES, Basis("dialtest", AS_OF, "2008-01-01", "2008-04-01"))
    stated = {
        "traffic": "dialtest",
        "from": "2008-01-01",
        "to": "2008-04-01",
        "days": "2008-01-15 – 2008-04-01",
        "as_of": "2008-04-01T09:30:00+08:00",
        "causes": CAUSES.version,
    }
    assert found.facts == stated
    whole = json.loads(to_json(found))
    assert {key: whole[key] for key in stated} == stated
    assert all(stated.items() <= row.items() for row in csv.DictReader(io.StringIO(to_csv(found))))


def test_csv_is_rfc_4180_and_starts_no_formula() -> None:
    """CRLF after each record, equal columns, and a texted formula is quoted for spreadsheets."""
    counts = [*MIXED, BASE._replace(channel="text", keyword='a,"b"')]
    text = to_csv(report(counts, "keyword"))
    assert text.endswith("\r\n")
    assert "\n" not in text.replace("\r\n", "")
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert len({len(row) for row in rows}) == 1
    keywords = {row[0] for row in rows[1:]}
    assert {"'=HYPERLINK()", 'a,"b"', "CXYE"} <= keywords


@pytest.mark.parametrize(
    ("n", "of", "percent"),
    [(85, 101, "84.16"), (1, 3, "33.33"), (2, 3, "66.67"), (1, 800, "0.13"), (0, 7, "0.00")],
)
def test_percent_has_two_decimals(n: int, of: int, percent: str) -> None:
    """Halves are rounded up, as on paper, by integers only."""
    assert Ratio(n, of).percent == percent


def test_bad_requests_for_a_report() -> None:
    """An unknown grouping, and counts that lack a dimension, raise instead of misleading."""
    with pytest.raises(ValueError, match="no such grouping: colour"):
        report(MIXED, "colour")
    unknown = BASE._replace(outcome="unknown")
    for lacking in (
        BASE._replace(of=""),
        BASE._replace(traffic=""),
        unknown._replace(day=""),
        unknown._replace(hour=-1),
    ):
        with pytest.raises(ValueError, match="NEEDS"):
            report([lacking])


def test_needs_are_dimensions_of_a_count() -> None:
    """What a report asks for, the counts have, and its own grouping is among it."""
    for by in ("", *BY):
        assert set(needs(by)) <= set(Count._fields)
        assert len(set(needs(by))) == len(needs(by))
    assert "keyword" in needs("keyword")
