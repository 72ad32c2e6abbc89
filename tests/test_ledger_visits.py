"""Visits: the roll-up of steps and attempts equals what the rows give."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger_rows import AT, DAY, ended_state, go_on, start, step

from ledger import rebuild
from ledger import records as r
from ledger.counts import VISIT_DIMENSIONS, Visit
from ledger.ledger import Ledger

TIMES = st.integers(AT - 3 * DAY, AT + 3 * DAY)
STEPS = st.builds(
    dict,
    at=TIMES,
    node=st.sampled_from(["main", "charges"]),
    stage=st.sampled_from(["choose", "confirm", "field:month", ""]),
    event=st.sampled_from(["DigitsEntered", "NoInput", "CallEnded"]),
    key=st.sampled_from(["", "1", "*", "12", "是", "[secret]"]),
    tries=st.integers(0, 2),
    heard_ms=st.sampled_from([-1, 0, 400, 9000]),
)
DIALOGUES = st.tuples(
    st.builds(
        dict,
        channel=st.sampled_from(["voice", "text"]),
        traffic=st.sampled_from(["real", "rehearsal"]),
        digest=st.sampled_from(["d1", "d2"]),
    ),
    st.lists(st.tuples(STEPS, st.booleans()), min_size=1, max_size=7),
    st.booleans(),  # does another process take over half-way?
    st.booleans(),  # is its last commit a bad one?
)


def test_visits_equal_the_rows(tmp_path, monkeypatch):
    """After any dialogues, of two writers, with commits that fail, both ways agree."""
    monkeypatch.setattr(rebuild, "_SLICE", 7)  # rows enough for several slices and both threads
    numbers = itertools.count()
    expected: Counter[tuple[str, str]] = Counter()
    path = tmp_path / "ledger.sqlite"

    with Ledger.open(path) as one, Ledger.open(path) as two:

        @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
        @given(st.lists(DIALOGUES, min_size=1, max_size=6))
        def run(dialogues):
            for facts, steps, other, bad in dialogues:
                name = f"s{next(numbers)}"
                for n, (fields, wrong) in enumerate(steps, 1):
                    rows: list[r.Row] = [step(name, n, **fields)]
                    if wrong:
                        rows.append(r.Attempt(name, n, fields["at"], "", fields["node"], "no"))
                    spoilt = bad and n == len(steps)
                    if spoilt:
                        rows.append(rows[0])
                    last = ended_state(n) if n == len(steps) else None
                    commit = (
                        go_on(name, n - 1, *rows, state=last)
                        if n > 1
                        else start(name, *rows, state=last, **facts)
                    )
                    by = two if other and n > 2 else one
                    assert (by.write(commit).exception() is not None) == spoilt
                    if not spoilt:
                        expected["step", fields["event"]] += 1
                        expected["attempt", "no"] += wrong
            assert one.compare_visits() == []
            assert two.visits() == one.rebuild_visits()

        run()
        found = {(v.of, v.event): v.n for v in one.visits(("of", "event"))}
        assert found == +expected
        whole = one.visits()
        one.merge_writers("2026-12-31")
        assert one.visits() == whole
        assert one.replace_counts() == 0
        assert one.visits() == whole


@pytest.fixture
def ledger(tmp_path):
    """A call of six steps with a try that went wrong."""
    with Ledger.open(tmp_path / "ledger.sqlite") as opened:
        steps = [
            step("s", 1, event="CallArrived", key="", stage="choose"),
            step("s", 2, key="9", stage="choose", heard_ms=1000, tries=1),
            r.Attempt("s", 2, AT, "", "main", "invalid_key"),
            step("s", 3, key="3", stage="choose", heard_ms=2000),
            step("s", 4, node="recharge", key="50", stage="field:amount", heard_ms=700),
            step("s", 5, node="recharge", key="1", stage="confirm", heard_ms=4000),
            step("s", 6, node="recharge", event="CallEnded", stage="", key="", heard_ms=-1),
        ]
        opened.write(start("s", *steps)).result()
        yield opened


def test_keys_of_menus_and_prices_only(ledger):
    """Keys of a menu and of a price are told apart; an entry counts without what it says."""
    keys = [(v.node, v.stage, v.key, v.n) for v in ledger.visits(("node", "stage", "key"))]
    assert keys == [
        ("main", "", "", 1),
        ("main", "choose", "", 1),
        ("main", "choose", "3", 1),
        ("main", "choose", "9", 1),
        ("recharge", "", "", 1),
        ("recharge", "confirm", "1", 1),
        ("recharge", "field:amount", "", 1),
    ]


def test_steps_are_numbered_up_to_a_most(ledger):
    """The first steps are told apart, the later ones are one; attempts have their step's number."""
    numbers = [(v.of, v.nth, v.n) for v in ledger.visits(("of", "nth"))]
    assert numbers == [
        ("attempt", 2, 1),
        ("step", 1, 1),
        ("step", 2, 1),
        ("step", 3, 1),
        ("step", 4, 3),
    ]


def test_what_was_listened_to_is_summed(ledger):
    """Milliseconds heard add up; an end of which nobody knows what was heard adds none."""
    assert ledger.visits(("node",), of="step") == [
        Visit(node="main", n=3, heard_ms=3000),
        Visit(node="recharge", n=3, heard_ms=4700),
    ]
    assert ledger.visits((), of="attempt", event="invalid_key") == [Visit(n=1)]


def test_visits_by_any_dimension(ledger):
    """Every dimension groups alike both ways; an unknown one is refused."""
    for name in VISIT_DIMENSIONS:
        assert ledger.visits([name]) == ledger.rebuild_visits([name])
    assert ledger.visits(["day"], last="2025-12-31") == []
    with pytest.raises(ValueError, match="hour"):
        ledger.visits(["hour"])


def test_steps_outlive_no_session(ledger):
    """After purges of steps and of sessions what can't be counted any more is not compared."""
    whole = ledger.visits()
    ledger.purge(AT + 31 * DAY, "me", {"sessions": 0})
    assert ledger.compare_visits() == []
    ledger.write(start("later", step("later", at=AT + 70 * DAY), opened_at=AT + 70 * DAY)).result()
    assert ledger.compare_visits() == []
    assert len(ledger.visits()) == len(whole) + 1
    assert ledger.replace_counts() == 0
    assert len(ledger.visits()) == len(whole) + 1
