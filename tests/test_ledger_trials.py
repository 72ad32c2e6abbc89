"""Trials in the record: one at a time, beside their control; entries, first marks, repeats."""

from __future__ import annotations

import sqlite3

import pytest
from ledger_rows import AT, DAY, HOUR, closing, ended_state, go_on, request, start

from ledger import records as r
from ledger import trial_records as t
from ledger.counts import Exposed
from ledger.ledger import Ledger

TRIAL = t.Trial("t1", AT, "d1", "d2", 10, "salt", "real", 31, -66, "ops", "shorter")
VERSION = r.Version("d2", AT, "{}", "ops", "shorter")
END = t.TrialEnd("t1", AT + DAY, t.STOPPED, "ops", "", "{}")


@pytest.fixture
def ledger(tmp_path):
    """A record in which d1 serves."""
    with Ledger.open(tmp_path / "ledger.sqlite") as opened:
        opened.serve("d1", AT, "ops", "").result()
        yield opened


def enter(ledger, session, *rows, at=AT, who="ann", arm="control", **facts):
    """A subscriber's dialogue of the trial begins."""
    entry = t.TrialEntry("t1", who, arm, at + 1, session)
    commit = start(session, entry, *rows, state=ended_state(1), opened_at=at, **facts)
    ledger.write(commit).result()


def mark(session, guard="failure", at=AT, who="ann", arm="control"):
    """A mark."""
    return t.TrialMark("t1", who, guard, arm, at, session)


def topic(session, leaf="balance", at=AT, who="ann"):
    """A topic."""
    return t.TrialTopic("t1", who, leaf, at, session)


def test_one_trial_runs_beside_its_control(ledger):
    """A second one is a Conflict, and one whose control does not serve; an ended one frees."""
    assert ledger.trial() is None
    with pytest.raises(r.Conflict, match="another version"):
        ledger.start_trial(TRIAL._replace(control="d0"), VERSION).result()
    assert ledger.version("d2") is None
    ledger.start_trial(TRIAL, VERSION).result()
    assert ledger.trial() == TRIAL
    assert ledger.version("d2") == VERSION
    second = TRIAL._replace(id="t2", at=AT + 1)
    with pytest.raises(r.Conflict, match="runs already"):
        ledger.start_trial(second, VERSION).result()
    assert ledger.end_trial(END).result()
    assert ledger.trial() is None
    ledger.start_trial(second, VERSION).result()
    assert [(row.trial.id, row.end) for row in ledger.trials()] == [("t2", None), ("t1", END)]


def test_a_trial_ends_once(ledger):
    """The first end stays; what a later one would have made serve does not."""
    ledger.start_trial(TRIAL, VERSION).result()
    assert ledger.end_trial(END).result()
    late = END._replace(reason=t.ADOPTED, at=AT + DAY + 1)
    assert not ledger.end_trial(late, r.Serving("d2", AT, "ops", "")).result()
    assert ledger.serving() == "d1"
    assert ledger.trials()[0].end == END


def test_an_adopted_candidate_serves_with_the_end(ledger):
    """Both stand in one transaction."""
    ledger.start_trial(TRIAL, VERSION).result()
    serving = r.Serving("d2", AT + DAY, "ops", "it won")
    assert ledger.end_trial(END._replace(reason=t.ADOPTED), serving).result()
    assert (ledger.serving(), ledger.servings()[0]) == ("d2", serving)


def test_a_subscriber_enters_once_and_is_marked_once(ledger):
    """Each counts once for each arm and guard, however often; the arm is the entry's."""
    enter(ledger, "s1", mark("s1"), mark("s1", "opt_out"))
    enter(ledger, "s2", mark("s2", at=AT + 1), at=AT + 1, arm="candidate")
    enter(ledger, "s3", at=AT, who="bob", arm="candidate")
    ledger.append([mark("s3", at=AT + 2, who="bob", arm="control")]).result()
    assert ledger.exposed("t1") == {
        "control": Exposed(1, failure=1, opt_out=1),
        "candidate": Exposed(1, failure=1),
    }
    first = [row for row in ledger.rows(t.TrialMark) if row.guard == "failure"]
    assert [(row.session, row.at) for row in first if row.subscriber == "ann"] == [("s1", AT)]
    assert ledger.exposed("t2") == {"control": Exposed(), "candidate": Exposed()}


def test_what_was_under_way_at_the_entry_does_not_count(ledger):
    """No mark and no topic of a dialogue that is older than the entry, or of nobody's entry."""
    ledger.write(start("old", opened_at=AT - 1)).result()
    ledger.write(go_on("old", 1, mark("old"), topic("old"))).result()
    enter(ledger, "s1")
    ledger.write(go_on("old", 2, mark("old"), topic("old"))).result()
    assert ledger.rows(t.TrialMark) == ledger.rows(t.TrialTopic) == []
    ledger.append([mark("s1")]).result()
    assert len(ledger.rows(t.TrialMark)) == 1


def unknown(ledger, session, key, **facts):
    """A subscriber's dialogue whose order's end nobody knows yet."""
    rows = [request(key, session, kind="change"), closing(key, "unknown")]
    state = ended_state(1)
    ledger.write(start(session, *rows, state=state, **{"opened_at": AT, **facts})).result()


def settle(ledger, key, word="backend_error", at=AT + HOUR):
    """The BSS tells how an order came out."""
    ledger.append([r.OrderMove(key, at, r.RECONCILED, word)]).result()


def test_a_failure_that_the_bss_tells_later_counts(ledger):
    """Once, for the arm of the dialogue; a late success and a late refusal do not."""
    ledger.start_trial(TRIAL, VERSION).result()
    for who, arm, digest in (("ann", "control", "d1"), ("bob", "candidate", "d2")):
        enter(ledger, f"{who}1", who=who, arm=arm, caller=who, digest=digest)
        for n, word in enumerate(("succeeded", "already_active", "backend_error", "bss_closed"), 2):
            unknown(ledger, f"{who}{n}", f"{who}{n}", caller=who, digest=digest)
            settle(ledger, f"{who}{n}", word, AT + n)
    assert ledger.rows(t.TrialMark) == [
        t.TrialMark("t1", who, "failure", arm, AT + 4, f"{who}4")
        for who, arm in (("ann", "control"), ("bob", "candidate"))
    ]
    assert ledger.compare_counts() == []


def test_a_late_failure_of_another_dialogue_counts_for_no_trial(ledger):
    """One older than the entry, on another version, of other traffic, or when all is over."""
    ledger.start_trial(TRIAL, VERSION).result()
    enter(ledger, "s1", who="cal", caller="cal")
    unknown(ledger, "old", "q1", opened_at=AT - 1)
    unknown(ledger, "other", "q2", digest="d2")
    unknown(ledger, "demo", "q3", traffic="demo")
    unknown(ledger, "nobody", "q4", caller="eve")
    unknown(ledger, "late", "q5")
    for n in range(1, 5):
        settle(ledger, f"q{n}")
    ledger.end_trial(END).result()
    settle(ledger, "q5")
    assert ledger.rows(t.TrialMark) == []


def test_a_repeat_contact_is_another_dialogue_within_24_hours(ledger):
    """The same leaf again within one dialogue is none, nor another leaf, nor a day later."""
    enter(ledger, "s1", topic("s1"), topic("s1", at=AT + 1))
    enter(ledger, "s2", topic("s2", "points", at=AT + 2), at=AT + 2)
    enter(ledger, "s3", topic("s3", at=AT + DAY + 2), at=AT + DAY + 2)
    enter(ledger, "s4", topic("s4", at=AT + HOUR, who="bob"), at=AT + HOUR, who="bob")
    assert ledger.exposed("t1")["control"].repeat == 0
    enter(ledger, "s5", topic("s5", at=AT + 2 * DAY), at=AT + 2 * DAY)
    assert ledger.exposed("t1")["control"].repeat == 1
    (repeat,) = ledger.rows(t.TrialMark)
    assert repeat == t.TrialMark("t1", "ann", "repeat", "control", AT + 2 * DAY, "s5")


@pytest.mark.parametrize(("before", "after"), [("", "balance"), ("balance", ""), ("", "")])
def test_a_topic_that_is_not_known_may_be_any(ledger, before, after):
    """Who comes back after a dialogue that came to nothing is a repeat contact, and vice versa."""
    enter(ledger, "s1", topic("s1", before), topic("s1", before, at=AT + 1))
    assert ledger.exposed("t1")["control"].repeat == 0
    enter(ledger, "s2", topic("s2", after, at=AT + DAY - 1), at=AT + DAY - 1)
    assert ledger.exposed("t1")["control"].repeat == 1


def test_a_file_of_schema_2_is_brought_up_to_date(tmp_path):
    """Acts of serving get an author and a note; the tables of trials are made."""
    path = tmp_path / "ledger.sqlite"
    with Ledger.open(path) as ledger:
        ledger.serve("d1", AT, "", "").result()
    old = sqlite3.connect(path)
    for column in ("author", "note"):
        old.execute(f"ALTER TABLE serving DROP COLUMN {column}")
    for table in ("trials", "trial_ends", "trial_entries", "trial_marks", "trial_topics"):
        old.execute(f"DROP TABLE {table}")
    old.execute("PRAGMA user_version = 2")
    old.commit()
    old.close()
    with Ledger.open(path) as ledger:
        assert ledger.servings() == [r.Serving("d1", AT, "", "")]
        ledger.start_trial(TRIAL, VERSION).result()
        enter(ledger, "s1", mark("s1"))
        assert ledger.exposed("t1")["control"] == Exposed(1, failure=1)
