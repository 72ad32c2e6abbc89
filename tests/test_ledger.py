"""Commits: compare-and-set, duplicates, groups, and what the record never does."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest
from ledger_rows import (
    AT,
    DAY,
    HOUR,
    NUMBER,
    closing,
    ended_state,
    go_on,
    open_state,
    order,
    request,
    start,
    step,
)

import ledger as package
from ledger import records as r
from ledger.ledger import Ledger
from ledger.reads import Delivered, Failures, OpenOrder, Standing


@pytest.fixture
def ledger(tmp_path):
    """An empty record."""
    with Ledger.open(tmp_path / "ledger.sqlite") as opened:
        yield opened


def write(ledger, commit):
    """Writes and waits."""
    ledger.write(commit).result()


def one_group(ledger, *commits):
    """Queues the commits while the writer is held, so that they share a transaction."""
    gate = threading.Event()
    ledger._submit(lambda batch: gate.wait())
    futures = [ledger.write(commit) for commit in commits]
    gate.set()
    return futures


def test_session_goes_from_turn_to_turn(ledger):
    """A session is found by id and by dialogue with the turn and state of its last commit."""
    write(ledger, start("s1", step("s1", 1)))
    assert ledger.dialogue("pbx/s1") == Standing("s1", 1, True)
    write(ledger, go_on("s1", 1, step("s1", 2), state=r.SessionState(2, '{"turn":2}')))
    assert ledger.session("s1") == '{"turn":2}'
    assert ledger.turn("s1") == 2
    write(ledger, go_on("s1", 2, state=ended_state(3)))
    assert ledger.session("s1") is None
    assert ledger.dialogue("pbx/s1") == Standing("s1", 3, False)
    assert ledger.session("nobody") is None
    assert ledger.turn("nobody") is None
    assert ledger.dialogue("nobody") is None


def test_turn_that_moved_is_a_conflict(ledger):
    """Of two commits on one turn one is written whole and the other not at all."""
    write(ledger, start("s1"))
    first = ledger.write(go_on("s1", 1, step("s1", 2, key="1")))
    second = ledger.write(go_on("s1", 1, step("s1", 2, key="2"), request("q")))
    first.result()
    with pytest.raises(r.Conflict):
        second.result()
    assert [row.key for row in ledger.rows(r.Step)] == ["1"]
    assert ledger.rows(r.Request) == []


def test_session_that_exists_is_a_conflict(ledger):
    """A new session takes no other's id."""
    write(ledger, start("s1"))
    with pytest.raises(r.Conflict):
        write(ledger, start("s1", dialogue="pbx/other"))


def test_dialogue_is_unique_for_ever(ledger):
    """A second session for one call is a Duplicate, also after the call."""
    write(ledger, start("s1", state=ended_state(1), dialogue="pbx/call"))
    with pytest.raises(r.Duplicate) as caught:
        write(ledger, start("s2", dialogue="pbx/call"))
    assert caught.value.key == "pbx/call"
    assert ledger.turn("s2") is None


def test_one_open_text_session_a_line(ledger):
    """A number has one open text session with a texter; ending frees the line."""
    text = {"dialogue": None, "channel": "text"}
    write(ledger, start("s1", **text))
    assert ledger.open_text("10086", "cal") == "s1"
    with pytest.raises(r.Duplicate):
        write(ledger, start("s2", **text))
    write(ledger, start("s3", traffic="rehearsal", **text))
    assert ledger.open_text("10086", "cal", "rehearsal") == "s3"
    left = r.SessionState(2, '{"order":"under way"}', AT + 1000, open=False)
    write(ledger, go_on("s1", 1, state=left))
    assert ledger.open_text("10086", "cal") is None
    assert ledger.session("s1") == '{"order":"under way"}'
    write(ledger, start("s4", state=ended_state(1), **text))
    assert ledger.open_text("10086", "cal") is None


def test_duplicate_delivery_writes_nothing(ledger):
    """A delivery's second commit is a Duplicate, on the right turn and on a past one."""
    brought = r.Delivery("sms/m1", "s1", "sms", AT)
    write(ledger, start("s1", brought))
    for expected in (1, 0):
        with pytest.raises(r.Duplicate) as caught:
            write(ledger, go_on("s1", expected, brought, step("s1", 2)))
        assert caught.value.key == "sms/m1"
    assert ledger.turn("s1") == 1
    assert ledger.rows(r.Step) == []


def test_delivery_gathers_what_its_steps_say(ledger):
    """A delivery is open with its parts until a step closes it, then complete."""
    assert ledger.delivery("d") is None
    write(
        ledger,
        start("s1", r.Delivery("d", "s1", "pbx", AT), r.DeliveryPart("d", 1, AT, '"one moment"')),
    )
    assert ledger.delivery("d") == Delivered("s1", False, ('"one moment"',))
    assert ledger.unfinished_deliveries() == [r.Delivery("d", "s1", "pbx", AT)]
    assert ledger.unfinished_deliveries(since=AT + 1) == []
    write(ledger, go_on("s1", 1, r.DeliveryClosing("d", 2, AT, '"5.00"')))
    assert ledger.delivery("d") == Delivered("s1", True, ('"one moment"', '"5.00"'))
    assert ledger.unfinished_deliveries() == []


def test_bad_commit_does_not_spoil_its_group(ledger):
    """One commit that breaks a key fails alone; its group is written once, counts included."""
    good, bad, late, stale, other = one_group(
        ledger,
        start("s1", step("s1"), request("q1"), closing("q1")),
        start("s2", request("q2"), step("s2"), step("s2")),
        go_on("s1", 1, request("q3")),
        go_on("s1", 1, request("q4")),
        start("s3", request("q5")),
    )
    for future in (good, late, other):
        future.result()
    with pytest.raises(r.BadRow):
        bad.result()
    with pytest.raises(r.Conflict):
        stale.result()
    assert ledger.turn("s2") is None
    assert {row.id for row in ledger.rows(r.Request)} == {"q1", "q3", "q5"}
    assert ledger.compare_counts() == []
    assert {(c.outcome, c.n) for c in ledger.counts(["outcome"])} == {("open", 2), ("succeeded", 1)}


@pytest.mark.parametrize(
    "rows",
    [
        (step("s1", heard_ms="long"),),
        (closing("nothing"),),
        (step("s1", options=["1"]),),
        (step("s1", node=None),),
        (r.OrderMove("q1", AT, r.RECONCILED, "unknown"),),
    ],
)
def test_row_that_breaks_its_table_is_refused(ledger, rows):
    """Wrong types, missing values, closings of nothing and reconciling to nothing are BadRow."""
    with pytest.raises(r.BadRow):
        write(ledger, start("s1", step("s1", 7), *rows))
    assert ledger.turn("s1") is None
    assert ledger.rows(r.Step) == []


def test_new_session_needs_its_facts(ledger):
    """A first commit without SessionFacts is a BadRow."""
    with pytest.raises(r.BadRow):
        write(ledger, r.Commit("s1", None, (), open_state()))


def test_full_disk_fails_what_is_written_and_nothing_else(ledger):
    """When the file cannot grow the commit fails with LedgerError; with room again all goes on."""

    def most(pages):
        return lambda batch: batch.connection.execute(f"PRAGMA max_page_count = {pages}").fetchone()

    write(ledger, start("s1"))
    ledger._submit(most(1)).result()
    with pytest.raises(r.LedgerError, match="could not be written"):
        write(ledger, start("s2", step("s2", said="x" * 4_000_000)))
    ledger._submit(most(1_000_000)).result()
    write(ledger, start("s2", step("s2", said="x" * 4_000_000)))
    assert ledger.turn("s1") == 1
    assert ledger.turn("s2") == 1


def test_callback_runs_when_the_commit_is_there(ledger):
    """A future's callback sees its own commit: it runs after the transaction."""
    seen, done = [], threading.Event()

    def callback(future):
        seen.append((future.exception(), ledger.turn("s1")))
        done.set()

    one_group(ledger, start("s1"))[0].add_done_callback(callback)
    assert done.wait(30)
    assert seen == [(None, 1)]


def test_a_failing_listener_keeps_nobody_from_hearing(ledger):
    """Whoever can't take the word that a commit is there leaves the writer and the others be."""
    heard, done = [], threading.Event()

    def told(fault):
        heard.append((fault, ledger.turn("s1")))
        if len(heard) == 2:
            done.set()
        raise ValueError("not taken")

    ledger.commit(start("s1"), told)
    ledger.commit(go_on("s1", 1, step("s1", 2)), told)
    assert done.wait(30)
    assert [fault for fault, _ in heard] == [None, None]
    write(ledger, start("s2"))


def test_a_queued_commit_cannot_be_cancelled(ledger):
    """What was queued is written: nobody may take it back."""
    gate = threading.Event()
    ledger._submit(lambda batch: gate.wait())
    future = ledger.write(start("s1"))
    assert not future.cancel()
    gate.set()
    future.result()
    assert ledger.turn("s1") == 1


def test_close_writes_what_is_queued(tmp_path):
    """Closing waits for every queued commit; afterwards the record takes nothing."""
    ledger = Ledger.open(tmp_path / "ledger.sqlite")
    futures = [ledger.write(start(f"s{n}")) for n in range(1200)]
    ledger.close()
    ledger.close()
    assert all(future.done() and future.exception() is None for future in futures)
    with pytest.raises(r.LedgerError):
        ledger.write(start("late"))
    with Ledger.open(tmp_path / "ledger.sqlite") as again:
        assert again.turn("s1199") == 1


def test_first_outcome_stands(ledger):
    """A request keeps its first closing; a later one changes neither row nor count."""
    write(ledger, start("s1", request("q"), closing("q", "unknown")))
    ledger.append([closing("q", "failed", "backend_error")]).result()
    assert [row.outcome for row in ledger.rows(r.Closing)] == ["unknown"]
    assert ledger.compare_counts() == []


def test_requests_of_a_session_are_looked_up(ledger):
    """Requests are found by their session through an index, without reading the whole table."""
    ledger.append([request("q1", "s1"), request("q2", "s2")]).result()
    assert ledger.rows(r.Request, session="s2") == [request("q2", "s2")]
    (plan,) = ledger._read("EXPLAIN QUERY PLAN SELECT * FROM requests WHERE session = ?", ("s2",))
    assert "USING INDEX" in plan[-1]


def test_local_day_and_hour(ledger):
    """Rows carry the day and hour of the site's zone, not of UTC."""
    midnight = AT + 16 * HOUR  # 2026-01-02 00:00 in Shanghai
    ledger.append([request("q1", at=midnight - 1), request("q2", at=midnight)]).result()
    counts = [(c.day, c.hour) for c in ledger.counts(["day", "hour"])]
    assert counts == [("2026-01-01", 23), ("2026-01-02", 0)]


def test_overdue_sessions(ledger):
    """Waiting sessions whose deadline is past come longest first; ended ones never."""
    for name, deadline in (("late", 10), ("later", 20), ("waiting", 100), ("for ever", 0)):
        write(ledger, start(name, state=open_state(deadline=deadline)))
    write(ledger, start("over", state=ended_state(1)))
    assert ledger.overdue(50) == ["late", "later"]
    assert ledger.overdue(50, limit=1) == ["late"]
    write(ledger, go_on("late", 1, state=open_state(2, deadline=70)))
    assert ledger.overdue(50) == ["later"]


def test_open_orders(ledger):
    """Orders between confirmation and a known end are found by their last move."""
    moves = {
        "written": [],
        "confirmed": ["confirmed"],
        "submitted": ["confirmed", "submitted"],
        "unknown": ["confirmed", "submitted", "unknown"],
        "done": ["confirmed", "submitted", "succeeded"],
        "known": ["confirmed", "submitted", "unknown", "failed"],
        "declined": ["declined"],
    }
    for name, states in moves.items():
        rows = [r.OrderMove(name, AT + n, state) for n, state in enumerate(states)]
        ledger.append([order(name), *rows]).result()
    assert ledger.open_orders() == [
        OpenOrder(order("confirmed"), "confirmed", AT),
        OpenOrder(order("submitted"), "submitted", AT + 1),
        OpenOrder(order("unknown"), "unknown", AT + 2),
    ]
    assert ledger.open_orders(since=AT + 1) == []


def test_order_in_flight(ledger):
    """A subscriber's order for a target is in flight from its sending to its known end."""

    def there(subscriber: str, target: str, name: str, since: int = 0) -> bool:
        return ledger.order_in_flight(subscriber, target, name, since)

    ledger.append([order("a2"), r.OrderMove("a2", AT + 5, "submitted")]).result()
    assert not there("sub", "caller_id", "a2")
    ledger.append([order("q1"), r.OrderMove("q1", AT, "confirmed")]).result()
    assert not there("sub", "caller_id", "a2")
    for state in ("submitted", "unknown"):
        ledger.append([r.OrderMove("q1", AT, state)]).result()
        assert there("sub", "caller_id", "a2")  # whatever their ids: q1 was sent first
    assert not there("sub", "caller_id", "a2", AT + 1)
    assert not there("sub", "caller_id", "q1")
    assert not there("sub", "gprs", "a2")
    assert not there("other", "caller_id", "a2")
    ledger.append([r.OrderMove("q1", AT, r.RECONCILED, "succeeded")]).result()
    assert not there("sub", "caller_id", "a2")


def test_open_voice(ledger):
    """Calls that stand in the record as held are found; texts and calls that are over are not."""
    write(ledger, start("held"))
    write(ledger, start("over", state=ended_state(1)))
    write(ledger, start("text", dialogue=None, channel="text"))
    assert ledger.open_voice() == ["held"]


def test_password_failures(ledger):
    """Failures count since the target's last ok; a caller's own ok is no cover for guessing."""

    def tried(target, caller, at, ok):
        ledger.append([r.PasswordTry(target, caller, at, ok)]).result()

    for at, target in ((10, "a"), (20, "a"), (30, "b")):
        tried(target, "mallory", at, False)
    tried("mallory", "mallory", 40, True)
    assert ledger.failures_since("target", "a", 0) == Failures(2, 20)
    assert ledger.failures_since("target", "a", 10) == Failures(1, 20)
    assert ledger.failures_since("caller", "mallory", 0) == Failures(3, 30)
    tried("a", "alice", 50, True)
    assert ledger.failures_since("target", "a", 0) == Failures(0, 0)
    assert ledger.failures_since("caller", "mallory", 0) == Failures(3, 30)
    tried("a", "mallory", 60, True)
    assert ledger.failures_since("caller", "mallory", 0) == Failures(1, 30)
    tried("c", "", 70, False)
    assert ledger.failures_since("caller", "", 0) == Failures(0, 0)


def test_opt_outs(ledger):
    """The last word on a called number's own messages stands."""
    assert not ledger.opted_out("10086", "sub")
    ledger.append([r.OptOut("10086", "sub", AT, "stop")]).result()
    assert ledger.opted_out("10086", "sub")
    assert not ledger.opted_out("10010", "sub")
    ledger.append([r.OptOut("10086", "sub", AT + 1, "start")]).result()
    assert not ledger.opted_out("10086", "sub")


def test_versions(ledger):
    """A version is kept once; the last that was put to serve rules, in the same instant too."""
    assert ledger.serving() is None
    first = r.Version("d1", AT, '{"menus.yaml":"a"}', "ops", "")
    ledger.add_version(first).result()
    ledger.add_version(first._replace(at=AT + 1, author="again")).result()
    ledger.add_version(r.Version("d2", AT + DAY, "{}", "ops", "")).result()
    ledger.serve("d1", AT, "ops", "first").result()
    ledger.serve("d2", AT, "edit", "").result()
    assert ledger.serving() == "d2"
    ledger.serve("d1", AT + 1, "ops", "back").result()
    assert ledger.serving() == "d1"
    assert ledger.servings() == [
        r.Serving("d1", AT + 1, "ops", "back"),
        r.Serving("d2", AT, "edit", ""),
        r.Serving("d1", AT, "ops", "first"),
    ]
    assert ledger.version("d1") == first
    assert ledger.version("d3") is None
    assert ledger.digests() == ["d1", "d2"]


def test_sessions_that_are_not_over_name_their_version(ledger):
    """By version: how many wait; an ended one does not."""
    write(ledger, start("s1", state=open_state(deadline=AT)))
    write(ledger, start("s2", state=open_state(deadline=AT)))
    write(ledger, start("s3", digest="d2", state=open_state(deadline=AT)))
    assert ledger.waiting() == {"d1": 2, "d2": 1}
    write(ledger, go_on("s1", 1, state=ended_state()))
    write(ledger, go_on("s3", 1, state=ended_state()))
    assert ledger.waiting() == {"d1": 1}


def test_ended_session_keeps_no_number(tmp_path):
    """With the session's end its state is gone, from the tables and from the file's bytes."""
    path = tmp_path / "ledger.sqlite"
    with Ledger.open(path) as ledger:
        for n in range(50):
            write(ledger, start(f"s{n}"))
        assert ledger.search(NUMBER) == ["sessions.state"]
        for n in range(50):
            write(ledger, go_on(f"s{n}", 1, state=ended_state()))
        assert ledger.search(NUMBER) == []
    assert NUMBER.encode() not in path.read_bytes()


def test_rows_refuses_an_unknown_field(ledger):
    """A look-up by something that is no field says so."""
    with pytest.raises(ValueError, match="colour"):
        ledger.rows(r.Step, colour="red")


def test_record_is_append_only():
    """The SQL changes nothing but sessions and the claims of inbox and outbox; three deletings."""
    folder = Path(package.__file__).parent
    sources = {path.name: path.read_text() for path in folder.glob("*.py")}
    changed, deleting = set(), set()
    for name, source in sources.items():
        sql = re.sub(r'"\s*\n\s*f?"', "", source)  # adjacent strings are one
        changed |= set(re.findall(r"UPDATE (\w+) SET ([^\"]*?)(?: WHERE|\")", sql))
        if "DELETE FROM" in sql:
            deleting.add(name)
        if name not in ("sums.py", "upgrades.py"):  # sums are added to; an older table goes
            assert not re.search(r"DO UPDATE|OR REPLACE|REPLACE INTO|DROP ", sql), name
            assert sql.count("UPDATE ") == len(re.findall(r"UPDATE \w+ SET ", sql)), name
    assert {table for table, _ in changed} == {"sessions", "inbox", "outbox"}
    columns = {
        part.split("=")[0].strip()
        for table, parts in changed
        if table == "outbox"
        for part in parts.split(",")
    }
    assert columns == {"due_at", "owner", "attempts", "number"}
    assert deleting == {"repeats.py", "retention.py", "sums.py"}
