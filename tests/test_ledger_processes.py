"""Many processes, one file: turns, sudden death, opening and migrating."""

from __future__ import annotations

import hashlib
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from ledger_rows import AT, closing, go_on, request, start, step, text
from sqlite_utils import Database

from ledger import records as r
from ledger.ledger import Ledger
from ledger.schema import SCHEMA, TABLES, columns

HERE = Path(__file__).parent

STREAM = """
import os, sys
sys.path.insert(0, sys.argv[2])
from functools import partial
from ledger_rows import *
from ledger.ledger import Ledger

def acknowledge(name, future):
    future.result()
    os.write(1, f"{name}\\n".encode())

ledger = Ledger.open(sys.argv[1])
n = 0
while True:
    name = f"s{n}"
    n += 1
    ledger.write(start(name, step(name), request(name, name), text(name))).add_done_callback(
        partial(acknowledge, f"{name} 1"))
    last = ledger.write(go_on(name, 1, step(name, 2), closing(name)))
    last.add_done_callback(partial(acknowledge, f"{name} 2"))
    if n % 300 == 0:
        last.result()
"""

RACE = """
import sys
sys.path.insert(0, sys.argv[2])
from ledger_rows import *
from ledger import records as r
from ledger.ledger import Ledger

ledger = Ledger.open(sys.argv[1])
sys.stdin.readline()
steps = [(n, go_on(f"s{n}", 1, step(f"s{n}", 2), request(f"{n}"))) for n in range(400)]
tried = [(n, ledger.write(commit)) for n, commit in steps]
for n, future in tried:
    try:
        future.result()
        print(n)
    except r.Conflict:
        pass
ledger.close()
"""

OPEN = """
import sys
from ledger.ledger import Ledger
Ledger.open(sys.argv[1]).close()
print("sqlite_utils" in sys.modules)
"""


def child(script, path):
    """A process of the script, its pipes open."""
    return subprocess.Popen(
        [sys.executable, "-c", script, str(path), str(HERE)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("acknowledged", [1, 250, 2000])
def test_what_was_acknowledged_survives_sudden_death(tmp_path, acknowledged):
    """A writer killed in full stream leaves every acknowledged commit, whole, and no half one."""
    path = tmp_path / "ledger.sqlite"
    with child(STREAM, path) as process:
        lines = [process.stdout.readline() for _ in range(acknowledged)]
        process.kill()
        lines += process.stdout.readlines()
    with Ledger.open(path) as ledger:
        turns = {row.session: 0 for row in ledger.rows(r.Step)}
        for row in ledger.rows(r.Step):
            turns[row.session] += 1
        for line in lines:
            name, turn = line.split()
            assert turns[name] >= int(turn)
        for name, turn in turns.items():
            assert ledger.turn(name) == turn
        assert {row.id for row in ledger.rows(r.Request)} == set(turns)
        assert {row.id for row in ledger.rows(r.Outbox)} == set(turns)
        assert {row.request for row in ledger.rows(r.Closing)} == {
            n for n in turns if turns[n] == 2
        }
        assert ledger.compare_counts() == []
        assert ledger._read("PRAGMA integrity_check") == [("ok",)]
        ledger.write(start("next")).result()


def test_two_processes_share_one_file(tmp_path):
    """Of two processes that move the same sessions on, exactly one wins each turn."""
    path = tmp_path / "ledger.sqlite"
    with Ledger.open(path) as ledger:
        for future in [ledger.write(start(f"s{n}")) for n in range(400)]:
            future.result()
        with child(RACE, path) as one, child(RACE, path) as two:
            for process in (one, two):
                process.stdin.write("go\n")
                process.stdin.flush()
            won = [process.communicate()[0].split() for process in (one, two)]
        assert sorted(map(int, won[0] + won[1])) == list(range(400))
        assert len(ledger.rows(r.Step)) == 400
        assert all(ledger.turn(f"s{n}") == 2 for n in range(400))
        assert ledger.compare_counts() == []


def test_processes_may_create_the_file_at_once(tmp_path):
    """Several processes open a file that is not there yet; all succeed."""
    path = tmp_path / "var" / "ledger.sqlite"
    processes = [child(OPEN, path) for _ in range(3)]
    for process in processes:
        process.communicate()
        assert process.returncode == 0
    assert path.stat().st_mode & 0o077 == 0
    with Ledger.open(path) as ledger:
        ledger.write(start("s1")).result()


def test_opening_does_not_load_sqlite_utils(tmp_path):
    """A file of the current schema is opened without the migration's import (cold start)."""
    path = tmp_path / "ledger.sqlite"
    Ledger.open(path).close()
    with child(OPEN, path) as process:
        assert process.communicate()[0] == "False\n"


def test_older_file_is_brought_up_to_date(tmp_path):
    """Opening adds what an older file lacks and keeps its rows."""
    path = tmp_path / "ledger.sqlite"
    with Ledger.open(path) as ledger:
        ledger.append([text("t1"), request("q1")]).result()
    db = Database(path)
    db["outbox"].transform(drop={"owner"})
    db["told"].drop()
    db.execute("PRAGMA user_version = 0")
    db.close()
    with Ledger.open(path) as ledger:
        assert ledger.rows(r.Told) == []
        assert [out.text for out in ledger.outbox_due(AT, 9, "me", 1).result()] == [text("t1")]
        with pytest.raises(r.BadRow):
            ledger.append([text("t1")]).result()


def test_file_of_schema_1_is_brought_up_to_date(tmp_path):
    """Schema 2 added receipts, and look-ups by a request's session and by a provider's id."""
    path = tmp_path / "ledger.sqlite"
    with Ledger.open(path) as ledger:
        ledger.append([text("t1"), request("q1", "s1")]).result()
        ledger.outbox_due(AT, 9, "me", 1).result()
        ledger.outbox_sent("t1", 1, AT, "SM1").result()
        whole = {table.name: ledger._read(f"SELECT * FROM {table.name}") for table in TABLES}
    db = Database(path)
    db["receipts"].drop()
    for index in ("idx_requests_session", "idx_outbox_sends_provider_id"):
        db.execute(f"DROP INDEX {index}")
    db.execute("PRAGMA user_version = 1")
    db.close()
    with Ledger.open(path) as ledger:
        assert ledger._read("PRAGMA user_version") == [(SCHEMA,)]
        assert {t.name: ledger._read(f"SELECT * FROM {t.name}") for t in TABLES} == whole
        for table, column in (("requests", "session"), ("outbox_sends", "provider_id")):
            sql = f"EXPLAIN QUERY PLAN SELECT * FROM {table} WHERE {column} = ''"
            assert "USING INDEX" in ledger._read(sql)[0][-1]
        ledger.note_receipt("SM1", AT, "delivered").result()
        assert [receipt.outbox for receipt in ledger.rows(r.Receipt)] == ["t1"]


def test_file_of_schema_3_is_brought_up_to_date(tmp_path):
    """Schema 4 has sums by kind for delta rows: counts stay, purged days' too; visits are made."""
    path = tmp_path / "ledger.sqlite"
    with Ledger.open(path) as ledger:
        unmatched = request("q2", leaf="none", keyword="退订")
        ledger.write(start("s1", step("s1"), request("q1"), closing("q1"), unmatched)).result()
        counts, visits = ledger.counts(), ledger.visits()
    db = Database(path)
    for table in (*(f"{of}_{part}" for of in ("count", "visit") for part in ("kinds", "sums")),):
        db[table].drop()
    deltas = [count._asdict() for count in counts]
    opened = counts[0]._replace(outcome="open")
    purged = counts[0]._replace(day="2024-01-01", n=7)
    texted = next(count for count in counts if count.leaf == "none")
    deltas += [opened._asdict(), opened._replace(n=-1)._asdict(), purged._asdict()]
    deltas += [texted._replace(keyword="退订")._asdict(), texted._replace(n=-1)._asdict()]
    db["tallies"].insert_all(deltas)
    db.execute("PRAGMA user_version = 3")
    db.close()
    with Ledger.open(path) as ledger:
        assert ledger.counts(first="2025-01-01") == counts
        assert ledger.counts(last="2024-12-31") == [purged]
        assert ledger.visits() == visits
        assert visits == ledger.rebuild_visits()
        assert "tallies" not in ledger.search("7")
        assert ledger._read("SELECT 1 FROM sqlite_master WHERE name = 'tallies'") == []


def test_sums_of_schema_6_are_counted_anew(tmp_path):
    """Sums without an id are dropped and counted from the rows, however many writers they had."""
    path = tmp_path / "ledger.sqlite"
    with Ledger.open(path) as ledger:
        ledger.write(start("s1", step("s1"), request("q1"), closing("q1"))).result()
        counts, visits = ledger.counts(), ledger.visits()
    db = Database(path)
    for of in ("count", "visit"):
        db[f"{of}_sums"].transform(drop={"id"})
    db.execute("PRAGMA user_version = 6")
    db.close()
    with Ledger.open(path) as ledger:
        assert (ledger.counts(), ledger.visits()) == (counts, visits)
        ledger.write(go_on("s1", 1, step("s1", 2), request("q2"))).result()
        assert ledger.compare_counts() == []
        assert ledger.compare_visits() == []


def test_tables_that_are_up_to_date_are_left_alone(tmp_path):
    """Bringing a file up to date rewrites no table that is as it should be: some are large."""
    path = tmp_path / "ledger.sqlite"
    tables = "SELECT name, rootpage FROM sqlite_master WHERE type = 'table' ORDER BY name"
    with Ledger.open(path) as ledger:
        made = ledger._read(tables)
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {SCHEMA - 1}")
    connection.close()
    with Ledger.open(path) as ledger:
        assert ledger._read(tables) == made


def test_newer_file_and_other_files_are_refused(tmp_path):
    """A file of a newer release, or no record at all, is one clear error and stays as it is."""
    path = tmp_path / "newer.sqlite"
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    connection.close()
    with pytest.raises(r.LedgerError, match="update hotline"):
        Ledger.open(path)
    other = tmp_path / "menus.yaml"
    other.write_text("format: 1\n" * 100)
    with pytest.raises(r.LedgerError, match="cannot be opened"):
        Ledger.open(other)
    assert other.read_text() == "format: 1\n" * 100


def test_schema_number_goes_with_the_schema():
    """A change of the tables needs a new SCHEMA, so that older files are migrated."""
    tables = []
    for table in TABLES:
        types, required = columns(table)
        named = [(name, kind.__name__, name in required) for name, kind in types.items()]
        tables.append((table.name, named, table.key, table.unique, table.indexes, table.partial))
    digest = hashlib.sha256(repr(tables).encode()).hexdigest()[:12]
    assert (SCHEMA, digest) == (12, "291f40ff5fb0")
