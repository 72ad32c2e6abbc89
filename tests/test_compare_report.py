"""Two spans or versions side by side: rates, chance, and what the change is made of."""

from __future__ import annotations

import pytest
from report_case import AS_OF, BASE, cells, failed

from ledger.counts import Count
from reports.basis import Basis
from reports.compare import Side, allowing, compare, needs_by
from reports.layout import Rate, Report, Unanswerable, Word

BASIS = Basis("dialtest", AS_OF)


def node(name: str, bad: int, of: int, month: str) -> list[Count]:
    """A node's requests, spread over ten days."""
    found = []
    for n in range(10):
        here = {"day": f"{month}-{n + 1:02d}", "node": name}
        share = bad // 10 + (n < bad % 10)
        found += [BASE._replace(n=of // 10 - share, **here), failed(share, "no_input", **here)]
    return found


A = [*node("balance", 10, 1000, "2008-01"), *node("enable", 20, 100, "2008-01")]
B = [*node("balance", 4, 500, "2008-02"), *node("enable", 90, 600, "2008-02")]
SIDE_A = Side("2008-01", A, {"from": "2008-01-01", "to": "2008-01-31"})
SIDE_B = Side("2008-02", B, {"from": "2008-02-01", "to": "2008-02-29"})


def groups(found: Report) -> dict[str, dict[str, object]]:
    """The rows of the groups by their name."""
    return {row["node"]: row for row in cells(found) if not isinstance(row["node"], Word)}


def test_a_worse_whole_of_better_parts() -> None:
    """Each node fails less and the whole fails more: mix says why (Simpson)."""
    found = compare(SIDE_A, SIDE_B, BASIS, rate="R2")
    rows = groups(found)
    assert (rows["balance"]["a"], rows["balance"]["b"]) == (Rate(10, 1000), Rate(4, 500))
    assert all(row["rate_effect"].value < 0 < row["mix_effect"].value for row in rows.values())
    parts = sum(row["mix_effect"].value + row["rate_effect"].value for row in rows.values())
    assert parts == pytest.approx(100 * (94 / 1100 - 30 / 1100))
    assert any("变化 change 5.818 pp = 构成 mix" in note for note in found.notes)
    assert next(iter(rows)) == "enable"  # it moves the whole most


def test_the_three_rates_come_first() -> None:
    """With their difference, its interval, and two p-values; the change is B less A."""
    rows = [row for row in cells(compare(SIDE_A, SIDE_B, BASIS)) if isinstance(row["node"], Word)]
    assert [row["rate"] for row in rows] == ["R1", "R2", "R3"]
    assert str(rows[0]["change"]) == "5.82 pp (3.93 – 7.79)"
    assert rows[0]["p"] == "<0.0001"
    assert rows[0]["p_allowing"] is not None


def test_a_chance_is_judged_by_the_spread_of_days_too() -> None:
    """What scatters three times as far as chance needs three times the distance."""
    assert allowing(0.05, 1.0) == pytest.approx(0.05)
    assert allowing(0.05, 3.0) == pytest.approx(0.5136, abs=1e-4)
    assert allowing(0.0, 3.0) == 0.0


def test_few_days_have_no_spread() -> None:
    """Three days against three say nothing of days: that p stays empty."""
    sides = [
        side._replace(counts=[count for count in side.counts if count.day[8:] <= "03"])
        for side in (SIDE_A, SIDE_B)
    ]
    found = cells(compare(*sides, BASIS))[0]
    assert found["p"] is not None
    assert found["p_allowing"] is None


def test_calls_cluster_by_caller() -> None:
    """Beside every p stands that it takes requests for independent."""
    assert any("cluster by caller" in note for note in compare(SIDE_A, SIDE_B, BASIS).notes)


def test_nodes_of_one_version_only() -> None:
    """They are named, their part is all mix, and they have no p of their own."""
    new = Side("e2", [*B, *node("gprs", 30, 300, "2008-02")], {"version": "e2"})
    found = compare(SIDE_A._replace(name="d1", kept={"version": "d1"}), new, BASIS, rate="R2")
    row = groups(found)["gprs"]
    assert (row["a"], row["b"]) == (Rate(0, 0), Rate(30, 300))
    assert (row["rate_effect"].value, row["p"], row["change"]) == (0, None, None)
    assert any(note.endswith("only in e2, all of it mix: gprs") for note in found.notes)
    at = [row[0] for row in found.rows].index("gprs")
    assert found.behind[at] == {
        "traffic": "dialtest", "rate": "R2", "version": "e2", "node": "gprs"
    }  # fmt: skip


def test_an_empty_side_is_no_comparison() -> None:
    """It is named, in both languages."""
    with pytest.raises(Unanswerable, match="2008-01 has no requests of dialtest traffic"):
        compare(SIDE_A._replace(counts=[]), SIDE_B, BASIS)
    with pytest.raises(Unanswerable, match="2008-02 没有"):
        compare(SIDE_A, SIDE_B._replace(counts=[BASE._replace(traffic="real")]), BASIS)


def test_a_rate_that_only_one_side_has() -> None:
    """Texts against calls: R1 can't be compared, the others are."""
    texts = [count._replace(channel="text") for count in B]
    found = compare(SIDE_A, SIDE_B._replace(counts=texts), BASIS, rate="R1")
    assert [row["rate"] for row in cells(found)] == ["R2", "R3"]
    assert "can't be split" in found.notes[0]


def test_all_failed() -> None:
    """All of one side failed: the figures stand, nothing is divided by nothing."""
    lost = [failed(count.n, "overload", day=count.day, node=count.node) for count in A]
    found = compare(SIDE_A, SIDE_B._replace(counts=lost), BASIS)
    assert str(cells(found)[0]["b"]).startswith("1100/1100 100.00 %")
    assert cells(found)[0]["p_allowing"] is None  # days that all fail have no spread


def test_needs_of_groups() -> None:
    """The counts are asked by what they are split over, and by day for the spread of days."""
    assert "day" in needs_by("node")
    assert "brand" in needs_by("brand")
    assert "called" in needs_by("called")
    assert {*needs_by("kind")} == {*needs_by("")}
