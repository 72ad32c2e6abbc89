"""Menu order against hot topics: ranks, demand of sub-menus, what is surely out of place."""

from __future__ import annotations

import datetime
import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kendalltau

from reports.basis import Basis
from reports.layout import Report, Word
from reports.offers import Option
from reports.order import kendall, order
from reports.topics import Demand

AS_OF = datetime.datetime(2008, 4, 1, 9, tzinfo=datetime.timezone(datetime.timedelta(hours=8)))
BASIS = Basis("real", AS_OF)
NAMES = {name: Word(name, name, name) for name in ("main", "bills", "empty")}


def option(menu: str, key: str, *leaves: str, ends_s: float | None = 1.0) -> Option:
    """A line of a menu."""
    return Option(menu, key, Word(f"{menu}{key}", f"{menu}{key}", ""), leaves, ends_s)


def wanted(leaf: str, weight: float, error: float = 0.001, n: int = 100) -> Demand:
    """A leaf's demand."""
    return Demand(leaf, "", weight, error, {}, {}, n)


OPTIONS = [
    option("main", "1", "last", "bill", ends_s=3.5),
    option("main", "2", "balance", ends_s=6.25),
    option("main", "8", ends_s=9),
    option("main", "3", "rare", "bill", ends_s=12),
    option("bills", "1", "last"),
    option("bills", "2", "bill"),
    option("empty", "1", "nobody"),
]
DEMANDS = {
    row.leaf: row
    for row in (wanted("last", 0.1), wanted("bill", 0.3), wanted("balance", 0.5),
                wanted("rare", 0.1))
}  # fmt: skip


def made(options: list[Option] = OPTIONS, demands: Any = DEMANDS) -> Report:
    """The report."""
    return order(options, demands, BASIS, names=NAMES)


def cells(found: Report) -> list[dict[str, Any]]:
    """The rows, each by its columns' ids."""
    names = [column.id for column in found.columns]
    return [dict(zip(names, row, strict=True)) for row in found.rows]


def test_ranks_and_their_difference() -> None:
    """The rank in the menu, the rank by demand, and how far a line should move."""
    main = [row for row in cells(made()) if row["menu"].id == "main"]
    assert [(row["rank"], row["hot_rank"], getattr(row["difference"], "id", None))
            for row in main] == [
        (1, 2, "-1"), (2, 1, "+1"), (3, None, None), (4, 3, "placed"), (None, None, None),
    ]  # fmt: skip
    assert [str(row["seconds"]) for row in main] == ["3.5 s", "6.2 s", "9.0 s", "12.0 s", "12.0 s"]


def test_a_sub_menus_demand_is_that_of_its_leaves() -> None:
    """Shares and evidence add up over the leaves; one behind two lines counts where heard first."""
    main = cells(made())[:5]
    assert [str(row["share"]) for row in main if row["share"]] == [
        "40.0 %", "50.0 %", "10.0 %", "100.0 %",
    ]  # fmt: skip
    assert [row["n"] for row in main] == [200, 100, 0, 100, 400]


def test_one_figure_for_a_menu() -> None:
    """Pairs in the order of demand, and Kendall's tau-b."""
    total = cells(made())[4]
    assert (total["option"].id, str(total["in_order"])) == ("total", "2/3 66.67 %")
    assert total["tau"].value == pytest.approx(1 / 3)
    assert any("pairs in order: 2/4" in note for note in made().notes)


def test_only_what_is_sure_is_called_misplaced() -> None:
    """A hotter line behind a colder one counts as surely late only beyond what chance makes."""
    sure = cells(made())
    assert [row["late"] for row in sure[:4]] == [0, 1, 0, 0]
    vague = {leaf: row._replace(error=0.1) for leaf, row in DEMANDS.items()}
    assert [row["late"] for row in cells(made(demands=vague))[:4]] == [0, 0, 0, 0]


def test_menus_that_nothing_is_asked_of_are_named() -> None:
    """No rank is made up without demand."""
    found = made()
    assert {row["menu"].id for row in cells(found)} == {"main", "bills"}
    assert any("nothing is asked of: empty empty" in note for note in found.notes)


def test_equal_lines_are_in_place_wherever_they_stand() -> None:
    """Lines of equal demand share their ranks: none of them is out of place."""
    demands = {leaf: wanted(leaf, 0.2) for leaf in ("last", "balance", "rare")}
    main = cells(made(demands=demands))[:5]
    assert [row["difference"].id for row in main if row["difference"]] == ["placed"] * 3
    assert main[4]["tau"] is None


def test_two_lines_of_one_leaf_have_one_demand() -> None:
    """A second line to leaves that an earlier one has is no cold line: nothing tells its demand."""
    rows = cells(made([option("bills", "1", "bill"), option("bills", "2", "bill")]))
    assert [(row["hot_rank"], row["difference"] is None) for row in rows] == [
        (1, False), (None, True), (None, True),
    ]  # fmt: skip
    assert str(rows[2]["in_order"]) == "0/0 —"


def test_no_demand_at_all() -> None:
    """A sentence and no table."""
    found = made(demands={})
    assert found.rows == ()
    assert "no order to compare" in found.notes[0]


def test_without_audio_there_are_no_seconds() -> None:
    """A menu that is not recorded yet has ranks all the same."""
    rows = cells(made([option("main", "1", "balance", ends_s=None)]))
    assert [row["seconds"] for row in rows] == [None, None]


@settings(deadline=None)
@given(st.lists(st.integers(0, 5).map(float), min_size=2, max_size=9))
def test_tau_is_scipys(weights: list[float]) -> None:
    """Tau-b of the ranks against falling weights, ties and all."""
    found = kendall(weights)
    if len(set(weights)) == 1:
        assert found == (0, 0, None)
        return
    expected = kendalltau(range(len(weights)), [-weight for weight in weights]).statistic
    assert found.tau == pytest.approx(expected)
    assert found.in_order == sum(a > b for a, b in itertools.combinations(weights, 2))
