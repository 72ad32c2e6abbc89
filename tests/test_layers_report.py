"""Failures in layers and the way to a target: the quality circle's tables 2-4, 2-5, its target."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_case import AS_OF, BASE, CAUSES, QUALITY_CIRCLE, cells, failed

from ledger.counts import CALL, LOST, Count
from reports.basis import Basis
from reports.layers import layers, tree
from reports.layout import Rate, Ratio, Report, Unanswerable, Word
from reports.target import left, proportional, target, worst_first

BASIS = Basis("dialtest", AS_OF)


def layered(**given: Any) -> Report:
    """The layers of the circle's test calls."""
    return layers(QUALITY_CIRCLE, CAUSES, BASIS, rate="R1", **given)


def row_of(found: Report, **ids: str | None) -> dict[str, Any]:
    """The one row whose cells have these ids."""
    (row,) = [
        row
        for row in cells(found)
        if all(_id(row[column]) == wanted for column, wanted in ids.items())
    ]
    return row


def _id(cell: Any) -> Any:
    return cell.id if isinstance(cell, Word) else cell


def test_the_circles_tables() -> None:
    """84.16 % of the failures are the system's (2-4), of these 88 % the prompts' (2-5)."""
    system = row_of(layered(), **{"class": "system", "cause": None})
    assert str(system["share"]) == "425/505 84.16 %"
    guidance = row_of(layered(), cause="guidance", reason=None)
    assert str(guidance["share_above"]) == "374/425 88.00 %"
    assert str(guidance["share"]) == "374/505 74.06 %"
    assert str(guidance["failure_rate"]) == "374/19727 1.90 % (1.71–2.10)"


def test_shares_cumulate_within_their_layer() -> None:
    """From the largest on, to the whole of the layer above."""
    found = [row for row in cells(layered()) if _id(row["cause"]) == "guidance" and row["reason"]]
    reasons = [row for row in found if row["node"] is None]
    assert [(row["reason"], row["cumulative"]) for row in reasons] == [
        ("no_input", Ratio(200, 374)),
        ("invalid_key", Ratio(300, 374)),
        ("abandoned", Ratio(374, 374)),
    ]


PATHS = st.dictionaries(
    st.tuples(st.sampled_from("ab"), st.sampled_from("cd"), st.sampled_from("ef")),
    st.integers(1, 99),
    min_size=1,
)


@given(PATHS)
def test_each_layer_adds_up_to_the_one_above(paths: dict[tuple[str, ...], int]) -> None:
    """Whatever the counts: children sum to their parent, and their shares end at all of it."""
    rows = list(tree(Counter(paths)))
    for parent in [(), *(row.path for row in rows if len(row.path) < 3)]:
        below = [row for row in rows if row.path[:-1] == parent]
        whole = sum(n for path, n in paths.items() if path[: len(parent)] == parent)
        assert sum(row.n for row in below) == whole == below[-1].so_far
        assert {row.above for row in below} == {whole}
        assert [row.n for row in below] == sorted((row.n for row in below), reverse=True)


NODES = [
    BASE._replace(node="balance", kind="query", n=9_900),
    failed(100, "backend_error", node="balance", kind="query"),  # 1 % of very many
    BASE._replace(node="enable", n=80),
    failed(20, "no_input", node="enable"),  # 20 % of few
    BASE._replace(node="bill", kind="query", n=999),
    failed(1, "no_input", node="bill", kind="query"),
]


def test_nodes_stand_by_their_excess() -> None:
    """Neither the worst rate nor the most calls decide, but what is above the target."""
    found = layers(NODES, CAUSES, BASIS, rate="R2", by="node", target=0.0086)
    assert [(row["node"], str(row["excess"])) for row in cells(found)] == [
        ("enable", "19.1"),  # 20 - 100 * 0.86 %
        ("balance", "14.0"),  # 100 - 10,000 * 0.86 %
        ("bill", "-7.6"),
    ]
    assert [str(row["cumulative_excess"]) for row in cells(found)] == [
        "57.75 %",
        "100.00 %",
        "None",
    ]
    assert cells(found)[0]["main_cause"].id == "guidance"
    pareto = found.charts[0]
    assert pareto.labels == ("enable", "balance")


def test_every_layer_opens_its_requests() -> None:
    """A row's filter names its rate, its cause, its reason and its node."""
    found = layers(NODES, CAUSES, BASIS, rate="R2")
    behind = dict(zip([row[:4] for row in found.rows], found.behind, strict=True))
    leaf = next(kept for names, kept in behind.items() if names[3] == "enable")
    base = {"traffic": "dialtest", "rate": "R2"}
    assert leaf == {**base, "cause": "guidance", "reason": "no_input", "node": "enable"}
    top = next(kept for names, kept in behind.items() if names[1] is None)
    assert top == {**base, "class": "system"}


def test_losses_have_layers_in_r3_only() -> None:
    """A call that ended before any leaf stands under who ended it, at its last node."""
    lost = Count(CALL, "2008-01-15", 10, "voice", "dialtest", node="main", outcome=LOST,
                 reason="caller", n=3)  # fmt: skip
    found = layers([*NODES, lost], CAUSES, BASIS, rate="R3")
    assert row_of(found, reason="pre_leaf:caller", node="main")["n"] == 3
    for row in cells(layers([*NODES, lost], CAUSES, BASIS, rate="R2")):
        assert row["reason"] != "pre_leaf:caller"


def test_the_rules_stand_beside_the_causes() -> None:
    """The version of the table and each rule that judged, and none that did not."""
    told = layered().notes[-1]
    assert told.startswith(f"归因 attribution (causes.yaml {CAUSES.version}): ")
    assert "abandoned (dialtest) → 自助语音引导性差 prompts guide badly" in told
    assert "backend_timeout → 业务支撑系统故障 BSS fault" in told
    assert "overload" not in told


@pytest.mark.parametrize("counts", [[], [BASE]])
def test_layers_of_nothing(counts: list[Count]) -> None:
    """No data and no failures are sentences, and no table."""
    found = layers(counts, CAUSES, BASIS)
    assert found.rows == ()
    assert any("No requests" in note or "Nothing failed" in note for note in found.notes)


@pytest.mark.parametrize("goal", [-0.1, 1.0, 86.0])
def test_a_target_is_a_share(goal: float) -> None:
    """86 is no share: the mistake is named."""
    with pytest.raises(Unanswerable, match="0 to 100 %"):
        layers(NODES, CAUSES, BASIS, target=goal)
    with pytest.raises(Unanswerable, match="0 to 100 %"):
        target(NODES, CAUSES, BASIS, goal=goal)


# -- the way to a target ---------------------------------------------------------------------------


def test_the_circles_arithmetic() -> None:
    """2.56 % less 90 % of 88 % of 84.16 % of it is 0.8536 %; rounded at each step it is 0.86 %."""
    assert round(100 * left(0.0256, 0.8416, 0.88, 0.90), 4) == 0.8536
    step = 2.56
    for share in (0.8416, 0.88, 0.90):
        step = round(step * share, 2)
    assert round(2.56 - step, 2) == 0.86


def test_the_target_of_the_circles_counts() -> None:
    """The same arithmetic on counts: what is left when 90 % of the symptom is solved."""
    found = target(QUALITY_CIRCLE, CAUSES, BASIS, rate="R1")
    assert any(
        "2.56 % × (1 − 84.16 % × 88.00 % × 90.00 %) = 0.85 %" in note for note in found.notes
    )
    assert any("912" in note and "1221" in note for note in found.notes)
    rows = cells(found)
    assert [row["cause"].id for row in rows] == ["guidance", "credentials", "backend"]
    needed = 505 - 0.0086 * 19_727
    assert str(rows[0]["proportional"]) == f"{374 * needed / 505:.1f}"
    assert str(rows[0]["worst_first"]) == f"{needed:.1f}"  # the symptom alone could give it
    assert str(rows[1]["worst_first"]) == "0.0"


@given(st.lists(st.integers(1, 1000), min_size=1), st.floats(0, 1))
def test_both_ways_give_up_what_is_needed(counts: list[int], part: float) -> None:
    """In proportion or worst first: the sum is the same, and nobody gives more than there is."""
    needed = part * sum(counts)
    for way in (proportional(counts, needed), worst_first(counts, needed)):
        assert sum(way) == pytest.approx(needed)
        assert all(0 <= give <= n + 1e-9 for give, n in zip(way, counts, strict=True))


def test_a_baseline_of_ones_own() -> None:
    """How much of the way is gone is told from it, and above it no share of a way."""
    found = target(QUALITY_CIRCLE, CAUSES, BASIS, rate="R1", before=Rate(5, 100))
    assert any("(58.9 % of the way)" in note for note in found.notes)
    assert not any("quality circle" in value for value in found.facts.values())
    worse = target(QUALITY_CIRCLE, CAUSES, BASIS, rate="R1", before=Rate(2, 100))
    assert any("above the baseline" in note for note in worse.notes)


def test_a_target_that_is_reached() -> None:
    """It says whether that is beyond doubt, and has nothing to give up."""
    sure = target([BASE._replace(n=100_000), failed(100, "overload")], CAUSES, BASIS)
    assert sure.rows == ()
    assert any("is reached." in note for note in sure.notes)
    unsure = target([BASE._replace(n=200), failed(1, "overload")], CAUSES, BASIS)
    assert any("not beyond doubt" in note for note in unsure.notes)


def test_all_failed_and_no_data() -> None:
    """Every request failed: the whole must go. None at all: one sentence."""
    found = target([failed(10, "overload")], CAUSES, BASIS)
    assert str(cells(found)[0]["failure_rate"]).startswith("10/10 100.00 %")
    assert target([], CAUSES, BASIS).notes[-1].startswith("… – …")
