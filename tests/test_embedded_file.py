"""The embedded BSS's file: keys, duplicates, several processes and threads, durability."""

from __future__ import annotations

import multiprocessing
import sqlite3
import threading
from pathlib import Path

import pytest
from bss_case import Clock, ask, embedded, names, order, submit, who

from actions.embedded.bss import EmbeddedBss
from actions.embedded.store import Store, WrongFile


def test_a_key_is_found_with_its_answer(tmp_path: Path) -> None:
    """The record survives the process, with the values of the answer."""
    bss = embedded(tmp_path)
    assert bss.find("k1") is None
    answer = order(bss, "k1", "unsubscribe", service="ringback")
    bss.close()
    assert embedded(tmp_path).find("k1") == answer


def test_duplicates_by_key(tmp_path: Path) -> None:
    """The same key gets the first answer, even after the state has moved on."""
    bss = embedded(tmp_path, drops_duplicates="by_key")
    quote = bss.quote("subscribe", who(bss, 8), {"service": "caller_id"}).quote
    first = submit(bss, "k1", "subscribe", 8, quote, service="caller_id")
    order(bss, "k2", "unsubscribe", 8, service="caller_id")
    assert submit(bss, "k1", "subscribe", 8, quote, service="caller_id") == first
    assert ask(bss, "balance", 8)["balance"].of == 5500
    assert ask(bss, "status", 8, service="caller_id")["state"].of == "state_inactive"


def test_duplicates_by_state(tmp_path: Path) -> None:
    """The same order again is refused as done already, and its key still finds the first answer."""
    bss = embedded(tmp_path, drops_duplicates="by_state")
    quote = bss.quote("subscribe", who(bss, 8), {"service": "caller_id"}).quote
    first = submit(bss, "k1", "subscribe", 8, quote, service="caller_id")
    again = submit(bss, "k1", "subscribe", 8, quote, service="caller_id")
    assert (first.result, again.result) == ("succeeded", "already_active")
    assert bss.find("k1") == first
    assert ask(bss, "balance", 8)["balance"].of == 5500


def test_duplicates_not_at_all(tmp_path: Path) -> None:
    """The same order again is charged again: what perform.py must never let happen."""
    bss = embedded(tmp_path, drops_duplicates="not_at_all")
    quote = bss.quote("subscribe", who(bss, 8), {"service": "caller_id"}).quote
    for _ in range(2):
        assert submit(bss, "k1", "subscribe", 8, quote, service="caller_id").result == "succeeded"
    assert bss.changes("k1") == 2
    assert ask(bss, "balance", 8)["balance"].of == 5000


def _race(path: Path, ready: threading.Barrier, key: str, results: multiprocessing.Queue) -> None:  # type: ignore[type-arg]
    ready.wait()
    bss = EmbeddedBss(path, Clock(), subscribers=20)
    quote = bss.quote("subscribe", who(bss, 8), {"service": "caller_id"}).quote
    ready.wait()
    results.put(submit(bss, key, "subscribe", 8, quote, service="caller_id").result)


@pytest.mark.parametrize("same_key", [True, False])
def test_two_processes_on_one_new_file(tmp_path: Path, same_key: bool) -> None:
    """Both build, one file stands; both order, one change is made."""
    spawn = multiprocessing.get_context("spawn")
    ready, results = spawn.Barrier(2), spawn.Queue()
    path = tmp_path / "new" / "bss.sqlite"
    both = [
        spawn.Process(target=_race, args=(path, ready, "k" if same_key else f"k{n}", results))
        for n in range(2)
    ]
    for process in both:
        process.start()
    words = sorted(results.get() for _ in both)
    for process in both:
        process.join()
    assert words == (["succeeded"] * 2 if same_key else ["already_active", "succeeded"])
    bss = EmbeddedBss(path, Clock())
    assert ask(bss, "balance", 8)["balance"].of == 5500
    assert not list(path.parent.glob("*.new"))


def test_threads_share_one_bss(tmp_path: Path) -> None:
    """Several threads order a service each for one subscriber; none is lost."""
    bss = embedded(tmp_path)
    wanted = ["caller_id", "fetion", "gprs_std", "balance_alert"]
    start = threading.Barrier(len(wanted))

    def run(service: str) -> None:
        start.wait()
        order(bss, service, "subscribe", service=service, threshold="500")

    threads = [threading.Thread(target=run, args=(service,)) for service in wanted]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(wanted) <= set(names(ask(bss, "services")))


def test_a_change_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """The change and its key stand or fall together."""
    bss = embedded(tmp_path)
    with sqlite3.connect(tmp_path / "bss.sqlite") as db:
        db.execute(
            "CREATE TRIGGER full BEFORE INSERT ON orders BEGIN SELECT raise(ABORT, 'x'); END"
        )
    with pytest.raises(sqlite3.IntegrityError):
        order(bss, "k1", "subscribe", service="caller_id")
    assert ask(bss, "status", service="caller_id")["state"].of == "state_inactive"
    assert bss.find("k1") is None


def test_a_file_of_another_release_is_refused(tmp_path: Path) -> None:
    """One sentence that says what to do."""
    embedded(tmp_path).close()
    with sqlite3.connect(tmp_path / "bss.sqlite") as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(WrongFile, match="is of another release: move it away and start again"):
        Store(tmp_path / "bss.sqlite")


def test_the_file_is_durable(tmp_path: Path) -> None:
    """WAL with synchronous=FULL, as the order's record needs."""
    store = Store(tmp_path / "bss.sqlite", 1)
    assert store._db().execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert store._db().execute("PRAGMA synchronous").fetchone() == (2,)
