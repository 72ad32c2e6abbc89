"""perform.py: time-outs, retries, bounds; at most one change per order, and no guessing."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from tempfile import TemporaryDirectory

import pytest
from bss_case import ask, embedded, number, who
from hypothesis import example, given, settings
from hypothesis import strategies as st

from actions.embedded.bss import EmbeddedBss
from actions.embedded.people import identity_of
from actions.faults import Fault, FaultyPort
from actions.lanes import LaneSettings
from actions.perform import LANES, Performer
from actions.port import Drops, Result
from dialog.turn import Perform

FAST = LaneSettings(threads=4, queue=4, attempt_ms=60_000, total_ms=60_000, backoff_ms=1)
HANGING = FAST._replace(attempt_ms=300)  # its tests wait for the time-outs
DROPS: tuple[Drops, ...] = ("by_key", "by_state", "not_at_all")
CALLER_ID = {"service": "caller_id"}


class Bench:
    """A performer before a faulty port before an embedded BSS."""

    def __init__(self, folder: Path, drops: Drops = "by_key") -> None:
        self.bss: EmbeddedBss = embedded(folder, drops_duplicates=drops)
        self.made: list[tuple[Performer, FaultyPort]] = []

    def performer(self, *faults: Fault, settings: LaneSettings | None = None) -> Performer:
        """A performer whose BSS has these faults."""
        hangs = any(fault.do in ("hang", "hang_after") for fault in faults)
        settings = settings or (HANGING if hangs else FAST)
        port = FaultyPort(self.bss, faults)
        performer = Performer(port, open_secret=_open, lanes=dict.fromkeys(LANES, settings))
        self.made.append((performer, port))
        return performer

    @property
    def port(self) -> FaultyPort:
        """The port of the last performer."""
        return self.made[-1][1]

    def query(self, name: str = "balance", **args: str) -> Perform:
        """A query's job."""
        return Perform("q1", "query", name, who(self.bss), args)

    def submit(self, key: str = "k1", index: int = 8) -> Perform:
        """The job that subscribes caller ID for 5.00 yuan."""
        quote = self.bss.quote("subscribe", who(self.bss, index), CALLER_ID).quote
        assert quote is not None
        return Perform(key, "submit", "subscribe", who(self.bss, index), CALLER_ID, tuple(quote))

    def charged(self, index: int = 8) -> int:
        """How often 5.00 yuan were taken from the 60.00."""
        return (6000 - int(ask(self.bss, "balance", index)["balance"].of)) // 500

    def close(self) -> None:
        """Lets go of all that hangs."""
        for performer, port in self.made:
            port.release()
            performer.close()


def _open(sealed: str) -> str:
    return {"~OLD===~": "135246", "~NEW===~": "802413"}[sealed]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Before a BSS that drops duplicates by key."""
    made = Bench(tmp_path)
    yield made
    made.close()


@pytest.fixture(params=DROPS)
def orders(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Bench]:
    """Before each kind of BSS."""
    made = Bench(tmp_path, request.param)
    yield made
    made.close()


def test_a_job_has_one_result(bench: Bench) -> None:
    """The future and the callback get the same answer, once."""
    results: Queue[Result] = Queue()
    future = bench.performer().perform(bench.query(), results.put)
    assert future.result().values["balance"].of == 5860
    assert results.get() == future.result()
    assert results.empty()


def test_a_callback_that_raises_harms_nobody(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """The thread lives on, and the log has the class of the error, not its text."""
    performer = bench.performer(settings=FAST._replace(threads=1))

    def bad(result: Result) -> None:
        raise RuntimeError("135246")

    with caplog.at_level(logging.ERROR):
        performer.perform(bench.query(), bad).result()
        assert performer.perform(bench.query()).result().result == "succeeded"
    assert "RuntimeError" in caplog.text
    assert "135246" not in caplog.text


@pytest.mark.parametrize("do", ["temporary", "no_answer", "hang"])
@pytest.mark.parametrize("call", ["query", "quote"])
def test_what_changes_nothing_is_asked_again(bench: Bench, call: str, do: str) -> None:
    """Two failed attempts are made good by the third."""
    performer = bench.performer(Fault(do, call=call, times=2))
    name, args = ("balance", {}) if call == "query" else ("subscribe", CALLER_ID)
    job = Perform("j", call, name, who(bench.bss), args)
    result = performer.perform(job).result()
    assert result.result == "succeeded"
    assert (result.quote is not None) == (call == "quote")


@pytest.mark.parametrize(
    ("fault", "word", "raw"),
    [
        (Fault("temporary", times=0, raw="BUSY"), "backend_error", "BUSY"),
        (Fault("permanent", raw="E42"), "backend_error", "E42"),
        (Fault("no_answer", times=0), "backend_timeout", "no_answer"),
        (Fault("hang", times=0), "backend_timeout", "timed_out"),
        (Fault("crash", raw="135246"), "internal_error", "RuntimeError"),
        (Fault("answer", result="rate_limited", raw="E7"), "rate_limited", "E7"),
        (Fault("answer", raw="E999"), "backend_error", "E999"),
        (Fault("answer", result="fine"), "backend_error", "fine"),
    ],
)
def test_how_a_query_fails(bench: Bench, fault: Fault, word: str, raw: str) -> None:
    """Each failure has its word, and the BSS's own code or an exception's class beside it."""
    result = bench.performer(fault._replace(call="query")).perform(bench.query()).result()
    assert (result.result, result.raw) == (word, raw)


def test_time_in_all_is_bounded(bench: Bench) -> None:
    """A pause that would outlast the time is not waited for."""
    settings = FAST._replace(backoff_ms=3_600_000)
    performer = bench.performer(Fault("temporary", call="query", raw="BUSY"), settings=settings)
    assert performer.perform(bench.query()).result() == Result("backend_error", raw="BUSY")


def test_a_full_lane_refuses_at_once(bench: Bench) -> None:
    """All threads and all places of the queue taken: overload; the others get their answers."""
    settings = LaneSettings(threads=1, queue=1, attempt_ms=60_000, total_ms=60_000)
    performer = bench.performer(Fault("hang", call="query"), settings=settings)
    running = performer.perform(bench.query())
    bench.port.reached.wait()
    waiting = performer.perform(bench.query())
    refused: list[Result] = []
    performer.perform(bench.query(), refused.append)
    assert refused == [Result("overload")]
    bench.port.release()
    assert running.result().result == waiting.result().result == "succeeded"


def test_a_hanging_lane_stalls_no_other(bench: Bench) -> None:
    """While every query hangs, orders, passwords and profiles are served."""
    performer = bench.performer(
        Fault("hang", call="query", times=0),
        settings=LaneSettings(threads=1, attempt_ms=60_000, total_ms=60_000),
    )
    hung = performer.perform(bench.query())
    bench.port.reached.wait()
    assert performer.perform(bench.submit()).result().result == "succeeded"
    assert performer.profile(number(0), 60_000) is not None
    args = {"number": number(0), "password": "135246"}
    assert performer.perform(Perform("v", "verify", "subscriber", "", args)).result().profile
    assert not hung.done()


def test_waiting_in_the_queue_ends_with_the_time(bench: Bench) -> None:
    """Jobs behind abandoned calls time out without being sent; a thread that returns serves on."""
    settings = FAST._replace(threads=1, total_ms=500, attempts=1)
    performer = bench.performer(Fault("hang", call="submit"), settings=settings)
    first = performer.perform(bench.submit("k1"))
    bench.port.reached.wait()
    second = performer.perform(bench.submit("k2", 0))
    assert second.result() == Result("backend_timeout")
    assert first.result().result == "unknown"
    bench.port.release()
    third = bench.submit("k3", 0)
    while performer.perform(third).result().result != "succeeded":
        pass  # on a busy machine the half second may pass again
    assert bench.bss.find("k2") is None


def test_secrets_are_opened_just_before_the_call(bench: Bench) -> None:
    """The port gets the password; what can't be opened fails before anything is sent."""
    performer = bench.performer()
    args = {"old": "~OLD===~", "new": "~NEW===~"}
    job = Perform("k1", "submit", "change_password", who(bench.bss), args)
    assert performer.perform(job).result().result == "succeeded"
    assert bench.bss.verify(number(0), "802413").result == "succeeded"
    bad = performer.perform(job._replace(key="k2", args={"old": "~AAAA~", "new": "~NEW===~"}))
    assert bad.result() == Result("internal_error", raw="KeyError")
    assert bench.bss.find("k2") is None


def test_a_password_is_not_verified_twice_without_an_answer(bench: Bench) -> None:
    """The BSS may count wrong passwords: only a sure failure is tried again."""
    args = {"number": number(0), "password": "135246"}
    job = Perform("v", "verify", "subscriber", "", args)
    assert bench.performer(Fault("lose", call="verify")).perform(job).result().result == (
        "backend_timeout"
    )
    assert bench.performer(Fault("temporary", call="verify")).perform(job).result().result == (
        "succeeded"
    )


@pytest.mark.parametrize("do", ["temporary", "no_answer", "crash", "hang"])
def test_no_profile_when_the_bss_is_away(bench: Bench, do: str) -> None:
    """Nobody is known, and after the patience nobody waits any longer."""
    performer = bench.performer(Fault(do, call="profile"))
    assert performer.profile(number(0), 50) is None
    found: Queue[object] = Queue()
    performer.fetch_profile(number(0), 60_000, found.put)
    assert found.get() == bench.bss.profile(number(0))


# -- changes: three ways of dropping duplicates, each way of failing --------------------------


def test_an_order_is_done_once(orders: Bench) -> None:
    """Without faults every kind of BSS does it once."""
    result = orders.performer().perform(orders.submit()).result()
    assert (result.result, orders.charged(), orders.bss.changes("k1")) == ("succeeded", 1, 1)


@pytest.mark.parametrize(
    "fault",
    [
        Fault("lose", call="submit"),
        Fault("lose", call="submit", times=0),
        Fault("hang_after", call="submit"),
    ],
)
def test_a_lost_answer_is_learnt(orders: Bench, fault: Fault) -> None:
    """The change was made before its answer was lost: it is made once, and known to be made."""
    performer = orders.performer(fault)
    result = performer.perform(orders.submit()).result()
    assert result.result == "succeeded"
    assert result.values["from"].of == "2026-03-15"
    assert (orders.charged(), orders.bss.changes("k1")) == (1, 1)


@pytest.mark.parametrize("do", ["no_answer", "crash"])
def test_a_change_that_was_not_made_and_not_answered(orders: Bench, do: str) -> None:
    """Sent again where duplicates are dropped, otherwise unknown; a guess never."""
    result = orders.performer(Fault(do, call="submit")).perform(orders.submit()).result()
    if orders.bss.drops_duplicates == "not_at_all":
        raw = "RuntimeError" if do == "crash" else do
        assert (result, orders.charged()) == (Result("unknown", raw=raw), 0)
    else:
        assert (result.result, orders.charged()) == ("succeeded", 1)


def test_a_sure_failure_is_no_unknown(orders: Bench) -> None:
    """Nothing was done for sure: an error, at once for good or after the attempts."""
    for n, do in enumerate(("temporary", "permanent")):
        performer = orders.performer(Fault(do, call="submit", times=0, raw="E1"))
        result = performer.perform(orders.submit(f"k{n}")).result()
        assert result == Result("backend_error", raw="E1")
    assert orders.charged() == 0


def test_an_attempt_that_hangs_and_wakes_late_changes_nothing_more(orders: Bench) -> None:
    """The abandoned attempt goes on after the order has its result: still at most one change."""
    performer = orders.performer(Fault("hang", call="submit"))
    result = performer.perform(orders.submit()).result()
    late = orders.bss.drops_duplicates == "not_at_all"
    assert result.result == ("unknown" if late else "succeeded")
    assert orders.charged() == (0 if late else 1)
    orders.port.release()
    while late and performer.reconcile("k1").result() is None:
        pass
    performer.perform(orders.submit("k2", 0)).result()
    assert (orders.charged(), orders.bss.changes("k1")) == (1, 1)


def test_no_answer_at_all_is_unknown_and_reconciled_later(orders: Bench) -> None:
    """While the BSS is silent the end is unknown; when it speaks again it is asked."""
    away = orders.performer(
        Fault("lose", call="submit", times=0), Fault("no_answer", call="find", times=0)
    )
    result = away.perform(orders.submit()).result()
    assert result.result == "unknown"
    assert away.reconcile("k1").result() is None
    assert orders.charged() == 1
    back = orders.performer()
    found: Queue[Result | None] = Queue()
    back.reconcile("k1", found.put)
    word = found.get()
    assert word is not None
    assert word.result == "succeeded"
    assert back.reconcile("k9").result() is None


def test_a_refusal_after_a_lost_answer_is_read_back(tmp_path: Path) -> None:
    """Refused as active already, because our own lost attempt did it: the first word counts."""
    bench = Bench(tmp_path, "by_state")
    lagging = Fault("answer", call="find")  # the BSS's journal shows nothing yet
    performer = bench.performer(Fault("lose", call="submit"), lagging)
    assert performer.perform(bench.submit()).result().result == "succeeded"
    assert (bench.charged(), bench.bss.changes("k1")) == (1, 1)
    bench.close()


def test_a_refusal_after_a_lost_answer_is_no_guess(tmp_path: Path) -> None:
    """Refused as active already while reading back fails: whose change it was is unknown."""
    bench = Bench(tmp_path, "by_state")
    performer = bench.performer(
        Fault("lose", call="submit"),
        Fault("answer", call="find"),
        Fault("temporary", call="find", times=0),
    )
    result = performer.perform(bench.submit()).result()
    assert result == Result("unknown", raw="3001")
    assert bench.charged() == 1
    bench.close()


@pytest.mark.parametrize("drops", ["by_key", "by_state"])
def test_a_refusal_that_the_bss_does_not_know_of_is_no_end(tmp_path: Path, drops: Drops) -> None:
    """Done, its answer lost, then refused while the journal lags: unknown until it is found."""
    bench = Bench(tmp_path, drops)
    performer = bench.performer(
        Fault("lose", call="submit"),
        Fault("answer", call="submit", result="service_withdrawn", raw="3008"),
        Fault("answer", call="find", times=3 if drops == "by_key" else 4),
    )
    assert performer.perform(bench.submit()).result() == Result("unknown", raw="3008")
    found = performer.reconcile("k1").result()
    assert (found and found.result, bench.charged()) == ("succeeded", 1)
    bench.close()


def test_an_order_in_progress_may_be_ours(bench: Bench) -> None:
    """After a lost answer `order_in_progress` says nothing of how ours ends: unknown."""
    performer = bench.performer(
        Fault("no_answer", call="submit"),
        Fault("answer", call="submit", result="order_in_progress", raw="3003"),
    )
    assert performer.perform(bench.submit()).result() == Result("unknown", raw="3003")


def test_a_reset_is_sent_once_where_state_tells_nothing(tmp_path: Path) -> None:
    """A second reset can't be told from the first: a BSS that drops by state gets one attempt."""
    texted: list[str] = []
    bench = Bench(tmp_path, "by_state")
    bench.bss = embedded(
        tmp_path, drops_duplicates="by_state", text=lambda _, password: texted.append(password)
    )
    performer = bench.performer(Fault("lose", call="submit"), Fault("answer", call="find", times=0))
    args = {"identity": identity_of(0, "1975-03-08")}
    job = Perform("k1", "submit", "reset_password", who(bench.bss), args)
    assert performer.perform(job).result() == Result("unknown", raw="lost")
    assert len(texted) == 1
    bench.close()


def test_repeatable_only_by_key(orders: Bench) -> None:
    """After a crash an order may be performed again only where its key is dropped."""
    assert orders.performer().repeatable == (orders.bss.drops_duplicates == "by_key")


def test_many_at_once(bench: Bench) -> None:
    """A burst from several threads: every job gets a result, none gets two."""
    settings = LaneSettings(threads=3, queue=1000, total_ms=60_000, attempt_ms=60_000)
    performer = bench.performer(Fault("temporary", call="query", times=20), settings=settings)
    results: Queue[Result] = Queue()

    def burst() -> None:
        for _ in range(50):
            performer.perform(bench.query("points"), results.put)

    threads = [threading.Thread(target=burst) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {results.get().result for _ in range(200)} <= {"succeeded", "backend_error"}
    assert results.empty()


FAULTS = st.sampled_from(("temporary", "permanent", "no_answer", "lose", "crash", "answer"))
LAGS = ("find", "answer")  # the BSS's journal shows nothing yet
SCRIPT = st.lists(st.tuples(st.sampled_from(("submit", "find")), FAULTS), max_size=7)


@settings(max_examples=60, deadline=None)
@given(drops=st.sampled_from(DROPS), script=SCRIPT)
@example("by_key", [("submit", "lose"), ("submit", "answer"), *[("find", "temporary")] * 2, LAGS])
@example("by_key", [("submit", "lose"), ("submit", "answer"), LAGS, LAGS, LAGS])
@example("by_state", [("submit", "lose"), ("submit", "answer"), LAGS, LAGS, LAGS, LAGS])
def test_at_most_one_change_and_no_guess(drops: Drops, script: list[tuple[str, str]]) -> None:
    """Whatever fails in whatever order: one change at most, and the result tells no lie."""
    with TemporaryDirectory() as folder:
        bench = Bench(Path(folder), drops)
        faults = [
            Fault(do, call=call, result="service_withdrawn" if call == "submit" else "")
            for call, do in script
        ]
        result = bench.performer(*faults).perform(bench.submit()).result().result
        changes = bench.bss.changes("k1")
        assert changes == bench.charged() <= 1
        if result == "succeeded":
            assert changes == 1
        elif result != "unknown":
            assert changes == 0
        bench.close()
        bench.bss.close()
