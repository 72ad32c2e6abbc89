"""Loss by node: what is an entry, a play, a hang-up, and which node stands out."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from ledger.counts import ATTEMPT, CALL, STEP, Count, Visit
from reports.basis import Basis
from reports.interval import poisson
from reports.layout import Report, Word
from reports.loss import loss
from reports.offers import Spot

AS_OF = datetime.datetime(2026, 4, 1, 9, tzinfo=datetime.timezone(datetime.timedelta(hours=8)))
BASIS = Basis("real", AS_OF)
KEYS = {"0": "agent", "9": "repeat", "*": "back"}


def spot(name: str, kind: str = "menu", start: bool = False, most: int = 3) -> Spot:
    """A node with the choices 1 and 2."""
    choices = frozenset("12") if kind == "menu" else frozenset()
    return Spot(Word(name, name, name), kind, choices, KEYS, most, start, kind == "menu")


SPOTS = {
    "main": spot("main", start=True)._replace(reserved={"0": "agent", "9": "repeat"}),
    "bills": spot("bills"),
    "enable": spot("enable", "action"),
}
VERSIONS: Any = {"d1": SPOTS}
BASE = Visit(of=STEP, digest="d1", node="main", stage="choose", event="DigitsEntered", key="1", n=1)


def key(key: str, n: int, **more: Any) -> Visit:
    """So many presses."""
    return BASE._replace(key=key, n=n, **{"nth": 4, **more})


def silent(n: int, **more: Any) -> list[Visit]:
    """So many silences: the step and its attempt."""
    step = BASE._replace(event="NoInput", key="", n=n, nth=4)._replace(**more)
    return [step, step._replace(of=ATTEMPT, event="no_input", stage="", tries=0)]


def hung_up(n: int, **more: Any) -> Visit:
    """So many hang-ups."""
    return BASE._replace(**{"event": "CallEnded", "key": "", "n": n, "nth": 4, **more})


def call(node: str, n: int, outcome: str = "lost", reason: str = "caller") -> Count:
    """So many calls that ended at a node."""
    return Count(CALL, node=node, outcome=outcome, reason=reason, n=n)


def made(counts: list[Count], visits: list[Visit], versions: Any = VERSIONS, **more: Any) -> Report:
    """The report at the fixed time."""
    return loss(counts, visits, versions, BASIS, **more)


def cells(found: Report) -> dict[str, dict[str, Any]]:
    """The rows by node, each by its columns' ids."""
    names = [column.id for column in found.columns]
    return {row[0]: dict(zip(names, row, strict=True)) for row in found.rows}


COUNTS = [call("main", 30), call("agent_general", 10, reason="agent"),
          call("bills", 160, "served")]  # fmt: skip
VISITS = [
    BASE._replace(event="CallArrived", node="", stage="", key="", nth=1, n=200),
    key("1", 120, nth=2, heard_ms=240_000),
    key("7", 8, nth=2, heard_ms=40_000),
    BASE._replace(of=ATTEMPT, event="invalid_key", stage="", key="", n=8),
    key("9", 6, nth=2, heard_ms=60_000),
    key("1", 6),  # after the repeats
    key("0", 20, nth=2),
    *silent(16, nth=2, heard_ms=160_000),
    key("2", 24, tries=1),  # after the silences and the wrong keys
    hung_up(30, nth=2, heard_ms=300_000),
    key("*", 12, node="bills", nth=3),
    key("1", 100, node="bills", nth=3),
    hung_up(2, node="bills", tries=3),  # the tries were used up: the goodbye was playing
    hung_up(5, node="enable", stage="submit"),  # while the BSS worked
    hung_up(4, node="enable", stage="confirm"),
    key("1", 36, node="enable", stage="confirm"),
    BASE._replace(of=ATTEMPT, event="invalid_key", node="enable", stage="", key="", n=3),
]


def test_entries_and_plays() -> None:
    """A play is a prompt that ended; a repeat and a second try are plays and no entries."""
    rows = cells(made(COUNTS, VISITS))
    main = rows["main"]
    assert main["plays"] == 120 + 8 + 6 + 6 + 20 + 16 + 24 + 30
    assert main["entries"] == 200
    assert (rows["bills"]["entries"], rows["bills"]["plays"]) == (112, 112)
    assert (rows["enable"]["entries"], rows["enable"]["plays"]) == (40, 40)


def test_rates_with_numerator_and_denominator() -> None:
    """Each rate of a menu, of its plays, its entries or all calls."""
    main = cells(made(COUNTS, VISITS))["main"]
    shown = {name: (cell.n, cell.of) for name, cell in main.items() if hasattr(cell, "of")}
    assert shown == {
        "lost": (30, 200),
        "no_input": (16, 230),
        "no_match": (8, 230),
        "opt_out": (20, 200),
        "abandon": (30, 200),
        "first_key": (8, 200),
        "repeat": (6, 230),
    }
    assert str(main["lost"]) == "30/200 15.00 % (10.71–20.61)"


def test_hang_ups_by_seconds_listened() -> None:
    """Lambda: hang-ups over all that was listened to, key presses included, with its interval."""
    main = cells(made(COUNTS, VISITS))["main"]
    assert main["listened"] == 800
    low, high = poisson(30)
    assert main["per_100_s"][:3] == pytest.approx((30 / 8, low / 8, high / 8))
    assert cells(made(COUNTS, VISITS))["bills"]["per_100_s"] is None


def test_what_is_no_prompt_is_no_play() -> None:
    """Hang-ups while the BSS works, and after the tries are used up, abandon no prompt."""
    rows = cells(made(COUNTS, VISITS))
    assert (rows["enable"]["abandon"].n, rows["bills"]["abandon"].n) == (4, 0)
    assert rows["enable"]["no_match"].n == 3
    assert rows["enable"]["opt_out"] is None  # no key reaches an agent from a price


def test_first_key_error_of_calls() -> None:
    """The first key fitted nothing, or the second went back from where it led."""
    found = made(COUNTS, VISITS)
    assert "first-key errors 20/200 10.00 %" in found.notes[0]
    assert cells(found)["bills"]["first_key"].n == 12


def test_losses_add_up_to_pre_leaf_loss() -> None:
    """The nodes' losses are all calls without a leaf, those of an agent's node among them."""
    found = made(COUNTS, VISITS)
    rows = cells(found)
    assert sum(row["lost"].n for row in rows.values()) == 40
    assert "pre-leaf loss 40/200 20.00 %" in found.notes[0]
    assert (rows["agent_general"]["lost"].n, rows["agent_general"]["plays"]) == (10, None)
    assert list(rows)[:2] == ["main", "agent_general"]  # the worst first


def test_losses_open_to_their_calls() -> None:
    """A row opens to the calls that were lost there; one without any to nothing."""
    found = made(COUNTS, VISITS)
    opened = dict(zip((row[0] for row in found.rows), found.behind, strict=True))
    assert opened["main"] == {"traffic": "real", "node": "main", "outcome": "lost"}
    assert opened["enable"] == {}


def test_a_node_that_stands_out_is_marked() -> None:
    """Loss far over the rest is worse; as much as the rest is not; few are too few."""
    versions: Any = {"d1": {name: spot(name) for name in "abcd"}}
    visits = [key("1", n, node=name) for name, n in (("a", 900), ("b", 950), ("c", 960), ("d", 9))]
    counts = [call("a", 100), call("b", 50), call("c", 40), call("d", 1), call("a", 3000, "served")]
    rows = cells(made(counts, visits, versions))
    assert {name: row["worse"].id for name, row in rows.items()} == {
        "a": "yes", "b": "no", "c": "no", "d": "too_few",
    }  # fmt: skip


def test_nodes_behind_a_leaf_are_not_compared() -> None:
    """Where nobody can be lost before a leaf, losing nobody makes no other node worse."""
    more = spot("more")._replace(before=False)
    visits = [key("1", 1000, node=name) for name in ("a", "b")] + [key("1", 9000, node="more")]
    counts = [call("a", 50), call("b", 55), call("more", 1000, "served")]
    rows = cells(made(counts, visits, {"d1": {"a": spot("a"), "b": spot("b"), "more": more}}))
    assert {name: getattr(row["worse"], "id", None) for name, row in rows.items()} == {
        "a": "no", "b": "no", "more": None,
    }  # fmt: skip


def test_versions_that_disagree_on_a_key() -> None:
    """A key is judged by the menu of its own version."""
    other = spot("main", start=True)._replace(choices=frozenset("17"))
    visits = [key("7", 10, nth=2), key("7", 5, nth=2, digest="d2")]
    row = cells(made([], visits, {"d1": SPOTS, "d2": {"main": other}}))["main"]
    assert (row["first_key"].n, row["entries"]) == (10, 15)


def test_a_version_that_cannot_be_read_is_told() -> None:
    """What happened on it is in no figure but the losses, and the report says so."""
    found = made(COUNTS, [*VISITS, key("1", 50, digest="gone")], {**VERSIONS, "gone": None})
    assert cells(found)["main"]["entries"] == 200
    assert any("Versions gone can't be read" in note for note in found.notes)


def test_one_node() -> None:
    """A filter shows one node; what it is compared with stays the same."""
    found = made(COUNTS, VISITS, node="main")
    assert [row[0] for row in found.rows] == ["main"]
    assert found.rows[0] == made(COUNTS, VISITS).rows[0]


def test_parts_that_fall_on_two_days() -> None:
    """A repeat before midnight, its play after it: no negative entries and no rate over 1."""
    row = cells(made([], [key("9", 1), hung_up(2, tries=1)]))["main"]
    assert row["entries"] == 0
    assert str(row["abandon"]).startswith("2/2 ")


def test_no_calls() -> None:
    """A sentence and no table."""
    found = made([], [])
    assert found.rows == ()
    assert "no loss to show" in found.notes[0]


@pytest.mark.parametrize("n", [5, 10, 50, 1000])
def test_interval_of_a_count_is_near_the_exact_one(n: int) -> None:
    """Byar's bounds are within 1 % of the exact (chi-square) ones."""
    from scipy.stats import chi2

    exact = (chi2.ppf(0.025, 2 * n) / 2, chi2.ppf(0.975, 2 * n + 2) / 2)
    assert poisson(n) == pytest.approx(exact, rel=0.01)
    assert poisson(0)[0] == 0
