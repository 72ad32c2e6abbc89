"""Hot topics: the score by hand, what is set apart, and trends that are none."""

from __future__ import annotations

import datetime
import random
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.counts import REQUEST, Count, Repeat, Texted, Wrapped
from reports.basis import Basis
from reports.layout import Report, Word
from reports.topics import SOURCES, Code, Evidence, demand, topics
from reports.trend import halves, trend

AS_OF = datetime.datetime(2026, 3, 31, 9, tzinfo=datetime.timezone(datetime.timedelta(hours=8)))
BASIS = Basis("real", AS_OF)
LEAVES = {
    "balance": Word("balance", "话费余额", "balance"),
    "points": Word("points", "积分", "points"),
    "enable/caller_id": Word("enable/caller_id", "来电显示 开通", "start caller ID"),
}
CODES = {
    "HF01": Code(Word("HF01", "话费余额", "balance"), "balance"),
    "ZH06": Code(Word("ZH06", "积分", "points"), "points"),
    "XX04": Code(Word("XX04", "发票", "invoice"), ""),
}


def asked(leaf: str, n: int, channel: str = "voice", day: str = "2026-03-30") -> Count:
    """So many requests of a leaf on a day."""
    return Count(of=REQUEST, day=day, channel=channel, leaf=leaf, n=n)


def report(evidence: Evidence, first: str = "", last: str = "", **more: Any) -> Report:
    """The report at the fixed time."""
    return topics(evidence, BASIS._replace(first=first, last=last), **more)


def cells(found: Report) -> dict[str, dict[str, Any]]:
    """The rows by their topic, each by its columns' ids."""
    names = [column.id for column in found.columns]
    rows = [dict(zip(names, row, strict=True)) for row in found.rows]
    return {row["topic"].id: row for row in rows}


FULL = Evidence(
    LEAVES,
    requests=[
        asked("balance", 90),
        asked("points", 10),
        asked("points", 30, "text"),
        asked("enable/caller_id", 10, "text"),
        asked("none", 7, "text"),
        asked("charges", 2, "text"),
    ],
    wrapped=[Wrapped("2026-03-30", "ZH06", 60), Wrapped("2026-03-30", "XX04", 40)],
    texted=[
        Texted("积分多少", 9, 4, "2026-03-30", "2026-03-30"),
        Texted("??", 11, 6, "2026-03-30", "2026-03-30"),
    ],
    repeats=[Repeat("2026-03-30", "real", "voice", "balance", 5, 90)],
    codes=CODES,
    asked={"积分多少": "ZH06"},
)


def test_score_by_hand() -> None:
    """0.5 agents + 0.2 text + 0.1 voice + 0.1 unmatched + 0.1 repeats, each as its share."""
    found = demand(FULL)
    assert {leaf: round(row.weight, 9) for leaf, row in found.items()} == {
        "points": round(0.5 * 0.6 + 0.2 * 0.75 + 0.1 * 0.1 + 0.1 * 1, 9),
        "balance": round(0.1 * 0.9 + 0.1 * 1, 9),
        "enable/caller_id": round(0.2 * 0.25, 9),
    }
    assert found["points"].sources == {
        "agents": 60, "text": 30, "voice": 10, "unmatched": 4, "repeats": 0,
    }  # fmt: skip
    assert found["balance"].n == 90  # the repeats are among the requests


def test_what_has_no_self_service_is_ranked_and_listed() -> None:
    """A code without a leaf stands among the topics, and in the list of what to build next."""
    found = report(FULL)
    row = cells(found)["XX04"]
    assert row["score"].value == pytest.approx(100 * 0.5 * 0.4)
    assert (row["leaf"].english, row["agents"]) == ("none yet", 40)
    assert any("what to build next: XX04 发票 invoice (40)" in note for note in found.notes)
    assert any("are left out: charges (2)" in note for note in found.notes)
    assert any("told a topic: 9/20" in note for note in found.notes)
    assert any("without a topic (subscribers): ?? (6)" in note for note in found.notes)


def test_codes_that_the_file_no_longer_has_are_named() -> None:
    """A code in the record that topics.yaml lacks is a topic of its own and is told."""
    found = report(FULL._replace(wrapped=[Wrapped("2026-03-30", "ZZ99", 3)]))
    assert cells(found)["ZZ99"]["agents"] == 3
    assert any("not in topics.yaml: ZZ99 (3)" in note for note in found.notes)


def test_old_evidence_counts_less() -> None:
    """What lies one half-life back counts half, two half-lives a quarter."""
    evidence = Evidence(
        LEAVES,
        requests=[
            asked("balance", 40, day="2026-03-01"),
            asked("points", 40, day="2026-03-15"),
            asked("enable/caller_id", 10, day="2026-03-29"),
        ],
    )
    found = demand(evidence)
    assert {leaf: round(row.weight, 9) for leaf, row in found.items()} == {
        "points": 0.5, "balance": 0.25, "enable/caller_id": 0.25,
    }  # fmt: skip
    flat = demand(evidence, half_life=1e9)
    assert flat["balance"].weight == pytest.approx(40 / 90)
    with pytest.raises(ValueError, match="half-life"):
        demand(evidence, half_life=0)


def test_a_text_seen_over_days_is_spread_over_them() -> None:
    """Texts are known by their first and last day; they decay as if spread evenly between."""
    evidence = FULL._replace(
        requests=[],
        wrapped=[],
        repeats=[],
        texted=[
            Texted("积分多少", 9, 2, "2026-03-01", "2026-03-15"),
            Texted("余额", 9, 1, "2026-03-15", "2026-03-15"),
        ],
        asked={"积分多少": "ZH06", "余额": "HF01"},
    )
    days = [0.5 ** (back / 14) for back in range(15)]
    amount = 2 * sum(days) / 15
    assert demand(evidence)["points"].weight == pytest.approx(amount / (amount + 1))


def test_the_error_is_that_of_counting() -> None:
    """100 of 400 in the only source: a share of 0.25 with the error of a Poisson count."""
    evidence = Evidence(LEAVES, requests=[asked("balance", 100), asked("points", 300)])
    row = demand(evidence)["balance"]
    assert (row.weight, row.error) == (0.25, pytest.approx(10 / 400))


def test_a_source_that_has_not_met_a_topic_is_no_surer_of_it() -> None:
    """Few wrap-up codes leave as much to chance for the topic that got none as for the other."""
    evidence = Evidence(
        LEAVES,
        requests=[asked("balance", 100, "text"), asked("points", 100, "text")],
        wrapped=[Wrapped("2026-03-30", "HF01", 4)],
        codes=FULL.codes,
    )
    found = demand(evidence)
    assert found["points"].sources["agents"] == 0 < found["balance"].sources["agents"]
    chance = {leaf: row.error**2 / row.weight for leaf, row in found.items()}
    assert chance["points"] == pytest.approx(chance["balance"])


def test_presses_are_held_against_what_is_asked_elsewhere() -> None:
    """The bias of presses is told in one figure, and by topic where there is enough."""
    found = report(FULL)
    elsewhere = {"points": 0.3 + 0.15, "enable/caller_id": 0.05}
    shares = {leaf: share / 0.5 for leaf, share in elsewhere.items()}
    moved = 100 * (0.9 + abs(0.1 - shares["points"]) + shares["enable/caller_id"]) / 2
    assert any(f"{moved:.1f} % of the key presses" in note for note in found.notes)
    rows = cells(found)
    assert rows["points"]["pressed"].value == pytest.approx(0.1 / shares["points"])
    assert rows["balance"]["pressed"] is None


def test_only_presses_says_so() -> None:
    """Without any other source the ranking is that of the menu, and the report says it."""
    found = report(Evidence(LEAVES, requests=[asked("balance", 9)]))
    assert any("Only key presses" in note for note in found.notes)
    assert any("sources without data: 来话小结 wrap-up codes" in note for note in found.notes)


def test_nothing_to_rank() -> None:
    """No evidence gives a sentence and no table, and no demand."""
    found = report(Evidence(LEAVES, requests=[asked("none", 3, "text")]), first="2026-03-01")
    assert (found.rows, demand(Evidence(LEAVES, ()))) == ((), {})
    assert "nothing to rank" in found.notes[0]


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([*LEAVES, "none"]),
            st.integers(1, 50),
            st.sampled_from(["voice", "text"]),
            st.integers(1, 28),
        ),
        min_size=1,
    ),
    st.lists(st.tuples(st.integers(1, 28), st.sampled_from(list(CODES)), st.integers(1, 50))),
    st.floats(0.5, 100),
)
def test_weights_are_a_whole(requests: list[Any], wrapped: list[Any], half_life: float) -> None:
    """Whatever was counted, the scores of all topics add up to 100 % and none is negative."""
    evidence = Evidence(
        LEAVES,
        [asked(leaf, n, channel, f"2026-03-{day:02d}") for leaf, n, channel, day in requests],
        [Wrapped(f"2026-03-{day:02d}", code, n) for day, code, n in wrapped],
        codes=CODES,
    )
    found = report(evidence, half_life=half_life)
    scores = [row["score"].value for row in cells(found).values()]
    assert not scores or sum(scores) == pytest.approx(100)
    assert all(score >= 0 for score in scores)
    assert scores == sorted(scores, reverse=True)
    assert all(sum(row[source] for source in SOURCES) > 0 for row in cells(found).values())


# -- trends ----------------------------------------------------------------------------------------

FIRST, LAST = "2026-03-01", "2026-03-28"
FORMER, LATER = halves(FIRST, LAST)


def days(count: Callable[[str], int]) -> dict[str, int]:
    """Every day of the span with its count."""
    return {day: count(day) for day in (*FORMER, *LATER)}


def test_halves() -> None:
    """Halves are as long as each other; of an odd number of days the first is left out."""
    assert (len(FORMER), len(LATER), FORMER[0], LATER[-1]) == (14, 14, FIRST, LAST)
    assert halves("2026-03-01", "2026-03-03") == (["2026-03-02"], ["2026-03-03"])
    assert halves("2026-03-01", "2026-03-01") == ([], [])


def test_a_rise_is_seen() -> None:
    """A topic whose share doubles has the change 1 and a small p."""
    found = trend(
        [(days(lambda day: 20 if day in LATER else 10), days(lambda _: 1000))], FIRST, LAST
    )
    assert found is not None
    assert found.change == pytest.approx(1)
    assert found.p is not None
    assert found.p < 1e-4


def test_more_of_everything_is_no_trend() -> None:
    """Twice the calls with the same share are no trend, nor is a source that began in between."""
    double = days(lambda day: 200 if day in LATER else 100)
    tenth = {day: n // 10 for day, n in double.items()}
    began = dict.fromkeys(LATER, 50)
    found = trend([(tenth, double), (began, began)], FIRST, LAST)
    assert found is not None
    assert found.change == pytest.approx(0)
    assert found.p == pytest.approx(1)


@pytest.mark.parametrize(
    ("topic", "whole"),
    [
        (lambda _: 0, lambda _: 100),
        (lambda day: day == FIRST, lambda _: 100),
        (lambda day: 50 if day in FORMER[:3] else 0, lambda day: 99 if day in FORMER[:3] else 0),
    ],
)
def test_too_few(topic: Callable[[str], int], whole: Callable[[str], int]) -> None:
    """No requests, one, or no days in a half: nothing is said."""
    assert trend([(days(topic), days(whole))], FIRST, LAST) is None


def test_jumping_days_are_no_trend() -> None:
    """Where days jump by themselves, 5 % of topics without a trend look significant, not more.

    Counting calls as independent would find a third of them.
    """
    chance = random.Random(7)
    found = 0
    for _ in range(300):
        shares = {day: chance.betavariate(20, 180) for day in (*FORMER, *LATER)}
        topic = days(
            lambda day, shares=shares: round(
                max(0, chance.gauss(1000 * shares[day], (1000 * shares[day] * 0.9) ** 0.5))
            )
        )
        seen = trend([(topic, days(lambda _: 1000))], FIRST, LAST)
        assert seen is not None
        assert seen.p is not None
        found += seen.p < 0.05
    assert found <= 25


def test_without_the_extra_trends_are_not_tested(monkeypatch: pytest.MonkeyPatch) -> None:
    """The changes are shown all the same, and the report says what would test them."""
    monkeypatch.setitem(sys.modules, "scipy.special", None)
    requests = [
        asked(leaf, n, day=day)
        for day in (*FORMER, *LATER)
        for leaf, n in (("points", 40 if day in LATER else 20), ("balance", 100))
    ]
    found = report(Evidence(LEAVES, requests))
    row = cells(found)["points"]
    assert (row["trend"].id, row["change"].value > 50) == ("untold", True)
    assert any("pip install 'hotline[analysis]'" in note for note in found.notes)


def test_trends_reach_the_report() -> None:
    """A topic that rises is called so, one that only jumps with chance is not."""
    chance = random.Random(3)
    requests = []
    for day in (*FORMER, *LATER):
        requests += [
            asked("points", 40 if day in LATER else 20, day=day),
            asked("balance", 500 + chance.randrange(40), day=day),
            asked("enable/caller_id", 1, day=day)
            if day in LATER[:2]
            else asked("none", 1, day=day),
        ]
    rows = cells(report(Evidence(LEAVES, requests), first=FIRST, last=LAST))
    assert rows["points"]["trend"].id == "rising"
    assert rows["points"]["change"].value > 50
    assert rows["enable/caller_id"]["trend"].id == "too_few"
