"""A trial in the runner: who gets which version, what counts, and how harm ends it everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from bss_case import Clock
from house_case import Rig, make_home, site
from trial_case import (
    KEY,
    begin,
    call,
    candidate,
    digest_of,
    marks,
    served,
    some,
    text,
)

from dialog.events import NoInput
from hotline import trials
from hotline.trials import DAY_MS, Impossible
from ledger.counts import Exposed
from ledger.trial_records import (
    CANDIDATE,
    CONTROL,
    FINISHED,
    STOPPED,
    TrialEntry,
    TrialMark,
    TrialTopic,
)
from menus.loader import load_sources
from tuning.split import arm_of

HOUR_MS = 3_600_000
GARBAGE = "乱码"


@pytest.fixture
def clock() -> Clock:
    """Noon of 15 March 2026, until a test sets it."""
    return Clock()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A state folder."""
    return make_home(tmp_path)


@pytest.fixture
def rig(home: Path, clock: Clock) -> Iterator[Rig]:
    """A process."""
    rig = Rig(home, now=clock)
    yield rig
    rig.close()


@pytest.fixture
def other(home: Path, clock: Clock) -> Iterator[Rig]:
    """Another process on the same record."""
    rig = Rig(home, now=clock)
    yield rig
    rig.close()


# -- who gets what -------------------------------------------------------------------------------


def test_each_number_keeps_its_version(rig: Rig, other: Rig) -> None:
    """The same in every process and channel, as it was drawn; each counts once."""
    trial = begin(rig)
    other.versions.follow()
    versions = {CONTROL: site()[1].digest, CANDIDATE: candidate().model.digest}
    for arm, digest in versions.items():
        for number in some(rig, trial, arm, 4):
            sessions = [call(rig, number).session, text(other, number), call(other, number).session]
            assert {digest_of(rig, session) for session in sessions} == {digest}
    entries = rig.ledger.rows(TrialEntry)
    assert sorted(entry.arm for entry in entries) == [CANDIDATE] * 4 + [CONTROL] * 4
    assert all(arm_of(trial, row.subscriber, "real") == row.arm for row in entries)
    assert rig.ledger.exposed(trial.id) == {CONTROL: Exposed(4), CANDIDATE: Exposed(4)}


def test_the_share_is_kept_and_another_trial_draws_anew(rig: Rig) -> None:
    """Of many numbers as many percent get the candidate; not the same ones with another salt."""
    trial = begin(rig, share=10)
    who = [rig.vault.pseudonym(str(n)) for n in range(20_000)]
    drawn = {name for name in who if arm_of(trial, name, "real") == CANDIDATE}
    again = trial._replace(salt="another")
    anew = {name for name in who if arm_of(again, name, "real") == CANDIDATE}
    for found, expected, spread in ((len(drawn), 2000, 42), (len(anew & drawn), 200, 14)):
        assert abs(found - expected) < 5 * spread


def test_a_withheld_number_gets_the_control_and_does_not_count(rig: Rig) -> None:
    """Nobody can be kept on a version who can't be told apart."""
    begin(rig, share=99)
    caller = call(rig, "", "1")
    caller.hang_up()
    assert digest_of(rig, caller.session) == site()[1].digest
    assert rig.ledger.rows(TrialEntry) == []
    assert marks(rig) == []


def test_only_the_trials_traffic_takes_part(rig: Rig) -> None:
    """Rehearsals see the control and leave no trace in it; a demo trial takes demo traffic only."""
    trial = begin(rig)
    (number,) = some(rig, trial, CANDIDATE, 1)
    for traffic in ("rehearsal", "demo", "dialtest"):
        assert digest_of(rig, text(rig, number, GARBAGE, traffic)) == site()[1].digest
    assert rig.ledger.rows(TrialEntry) == []
    trials.stop(rig.ledger, rig.versions, trial, rig.now(), "ops", "")
    demo = begin(rig, traffic="demo")
    (number,) = some(rig, demo, CANDIDATE, 1)
    assert digest_of(rig, text(rig, number)) == site()[1].digest
    assert digest_of(rig, text(rig, number, traffic="demo")) == candidate().model.digest
    assert len(rig.ledger.rows(TrialEntry)) == 1


def test_without_a_trial_nothing_is_noted(rig: Rig) -> None:
    """Neither before one nor after."""
    text(rig, "13800100000", GARBAGE)
    trial = begin(rig)
    trials.stop(rig.ledger, rig.versions, trial, rig.now(), "ops", "")
    call(rig, "13800100001", "0").hang_up()
    assert all(rig.ledger.rows(kind) == [] for kind in (TrialEntry, TrialMark, TrialTopic))


def test_a_dialogue_under_way_finishes_on_its_version(rig: Rig, other: Rig) -> None:
    """After the stop the candidate's keys still work in it; a new call has the control's."""
    trial = begin(rig)
    other.versions.follow()
    (number,) = some(rig, trial, CANDIDATE, 1)
    running = call(rig, number)
    trials.stop(other.ledger, other.versions, trial, rig.now(), "ops", "")
    rig.versions.follow()
    running.press(KEY[CANDIDATE])
    assert "charges_intro" in running.heard[-1].said
    fresh = call(rig, number, KEY[CANDIDATE])
    assert "charges_intro" not in fresh.heard[-1].said
    fresh.press(KEY[CONTROL])
    assert "charges_intro" in fresh.heard[-1].said
    assert [(row.end.reason, row.end.author) for row in rig.ledger.trials() if row.end] == [
        (STOPPED, "ops")
    ]


# -- what counts ---------------------------------------------------------------------------------


@pytest.mark.parametrize("arm", [CONTROL, CANDIDATE])
def test_a_subscribers_first_failure_counts_once(rig: Rig, arm: str) -> None:
    """A failed request, a call without a leaf, and more of both: one mark on the own arm."""
    trial = begin(rig)
    one, two, fine = some(rig, trial, arm, 3)
    first = text(rig, one, GARBAGE)
    text(rig, one, GARBAGE)
    call(rig, one).hang_up()
    call(rig, two).hang_up()
    call(rig, fine, KEY[arm], "1").hang_up()
    assert marks(rig) == [("failure", arm)] * 2 + [("repeat", arm)]
    assert rig.ledger.exposed(trial.id)[arm] == Exposed(3, failure=2, repeat=1)
    assert first in {row.session for row in rig.ledger.rows(TrialMark)}


def test_a_lost_line_is_a_failure_too(rig: Rig) -> None:
    """A call that the sweeper ends before any leaf."""
    trial = begin(rig)
    (number,) = some(rig, trial, CONTROL, 1)
    call(rig, number)
    rig.sweep()
    assert marks(rig) == [("failure", CONTROL)]


def test_an_agent_asked_for_by_key_counts(rig: Rig) -> None:
    """Key 0 is an opt-out; to be sent to an agent after errors is a failure and no opt-out."""
    trial = begin(rig)
    asks, errs = some(rig, trial, CANDIDATE, 2)
    call(rig, asks, KEY[CANDIDATE], "1", "0")
    assert marks(rig) == [("opt_out", CANDIDATE)]
    lost = call(rig, errs)
    while "to_agent" not in lost.heard[-1].said:
        lost.bring(NoInput(rig.now(), 900))
    lost.hang_up()
    assert marks(rig) == [("failure", CANDIDATE), ("opt_out", CANDIDATE)]


def test_a_repeat_contact_counts_across_channels_within_24_hours(rig: Rig, clock: Clock) -> None:
    """The same leaf by phone and by text; not in one call, not another leaf, not a day later.

    Nor is it one to ask for help; a call that came to nothing may have been about anything.
    """
    trial = begin(rig)
    back, other_leaf, late, lost = some(rig, trial, CONTROL, 4)
    call(rig, back, "1", "1", "*", "1").hang_up()  # twice in one call
    text(rig, other_leaf, "HELP")
    call(rig, lost).hang_up()
    text(rig, other_leaf, "CXYE")
    text(rig, late, "CXYE")
    clock.ms += 23 * HOUR_MS
    text(rig, other_leaf, "CXJF")
    text(rig, other_leaf, "HELP")
    assert marks(rig) == [("failure", CONTROL)]  # the lost call
    text(rig, back, "CXYE")
    text(rig, back, "CXYE")
    assert marks(rig)[1:] == [("repeat", CONTROL)]
    text(rig, lost, "CXYE")
    assert marks(rig)[1:] == [("repeat", CONTROL)] * 2
    clock.ms += 2 * HOUR_MS
    text(rig, late, "CXYE")
    assert marks(rig)[1:] == [("repeat", CONTROL)] * 2


def test_a_dialogue_from_before_the_trial_does_not_count(rig: Rig) -> None:
    """Its failure is no arm's, though its subscriber has entered meanwhile."""
    number = "13800100007"
    old = call(rig, number)
    trial = begin(rig, share=1)
    assert arm_of(trial, rig.vault.pseudonym(number), "real") == CONTROL
    rig.now.ms += 1000  # type: ignore[attr-defined]
    text(rig, number)
    old.hang_up()
    assert marks(rig) == []
    assert rig.ledger.exposed(trial.id)[CONTROL] == Exposed(1)


def test_a_process_that_missed_the_start_spoils_nothing(rig: Rig, other: Rig) -> None:
    """It serves the control to a candidate's subscriber: that dialogue counts for no arm."""
    trial = begin(rig)
    (number,) = some(rig, trial, CANDIDATE, 1)
    unaware = call(other, number)
    assert digest_of(rig, unaware.session) == site()[1].digest
    other.versions.follow()
    call(rig, number, KEY[CANDIDATE], "1").hang_up()
    unaware.hang_up()
    assert marks(rig) == []
    assert rig.ledger.exposed(trial.id)[CANDIDATE] == Exposed(1)


# -- how it ends ---------------------------------------------------------------------------------


def test_harm_takes_the_candidate_back_in_every_process(
    rig: Rig, other: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    """The sweeper of any process ends it, once; new dialogues have the control at once."""
    trial = begin(rig)
    other.versions.follow()
    bad, good = some(rig, trial, CANDIDATE, 9), some(rig, trial, CONTROL, 8)
    for number in good:
        text(rig, number)
    for number in bad[:4]:
        text(other, number, GARBAGE)
    assert trials.look(rig.ledger, rig.versions, rig.now(), 1) is None  # not enough yet
    for number in bad[4:8]:
        text(other, number, GARBAGE)
    end = trials.look(other.ledger, other.versions, rig.now(), 1)
    assert end is not None
    assert (end.reason, end.author) == ("harm:failure", "hotline")
    assert "harm:failure" in caplog.text
    assert trials.look(rig.ledger, rig.versions, rig.now(), 1) is None  # ended already
    rig.versions.follow()
    for process in (rig, other):
        assert served(process, bad[0]) == site()[1].digest
        assert served(process, bad[8]) == site()[1].digest
    (row,) = rig.ledger.trials()
    assert row.end == end
    assert len(rig.ledger.rows(TrialEntry)) == 16  # nobody entered any more


def test_a_better_candidate_and_an_equal_one_go_on(rig: Rig) -> None:
    """Evidence against the control ends nothing, nor do failures on both sides."""
    trial = begin(rig)
    for number in some(rig, trial, CANDIDATE, 8):
        text(rig, number)
    for number in some(rig, trial, CONTROL, 8):
        text(rig, number, GARBAGE)
    assert trials.look(rig.ledger, rig.versions, rig.now(), 1) is None
    rig.now.ms += 25 * HOUR_MS  # type: ignore[attr-defined]
    for number in some(rig, trial, CANDIDATE, 8):
        text(rig, number, GARBAGE)
    assert trials.look(rig.ledger, rig.versions, rig.now(), 1) is None
    assert rig.versions.trial == trial


def test_a_trial_finishes_when_its_days_and_a_bill_day_are_over(rig: Rig, clock: Clock) -> None:
    """Planned for 7 days from 15 March it runs until 1 April is over; then the control serves."""
    trial = begin(rig, days=7)
    for day, over in (("03-22T12:00", False), ("04-01T23:59", False), ("04-02T00:00", True)):
        clock.set(f"2026-{day}:00")
        assert (trials.look(rig.ledger, rig.versions, clock(), 1) is not None) == over
    (row,) = rig.ledger.trials()
    assert row.end is not None
    assert row.end.reason == FINISHED
    assert rig.versions.trial is None
    assert trial.at + 7 * DAY_MS < row.end.at


def test_a_second_trial_and_one_of_nothing_are_refused(rig: Rig) -> None:
    """One runs at a time, and it must differ from what serves."""
    begin(rig)
    with pytest.raises(Impossible, match="Another trial runs"):
        begin(rig)
    rig.versions.publish(candidate().sources, candidate().model, "ops", "")
    with pytest.raises(Impossible, match="means the same"):
        begin(rig)


def test_another_serving_version_ends_it(
    rig: Rig, other: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever makes it serve: the control that the candidate is compared with has gone."""
    trial = begin(rig)
    other.versions.follow()
    (number,) = some(rig, trial, CANDIDATE, 1)
    text(rig, number, GARBAGE)
    sources = dict(site()[0])
    sources["menus.yaml"] = sources["menus.yaml"].replace("step_limit: 100", "step_limit: 98")
    model, _ = load_sources(sources)
    assert model is not None
    rig.versions.publish(sources, model, "edit", "fewer steps")
    assert rig.versions.trial is None
    assert "ends the trial" in caplog.text
    other.versions.follow()
    assert {served(process, number) for process in (rig, other)} == {model.digest}
    (row,) = rig.ledger.trials()
    assert row.end is not None
    assert (row.end.reason, row.end.author) == ("edited", "edit")
    assert row.end.note == f"{model.digest[:16]} fewer steps"
    assert '"failure": 1' in row.end.figures
