"""The embedded BSS's own SQLite file: built on first use, WAL, synchronous=FULL.

One connection a thread; any number of processes may share the file. A change and the key of its
order are written in one transaction.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from actions.embedded.catalogue import TARIFFS, Tariff
from actions.embedded.people import COUNT, Person, people
from actions.port import Result, Temporary
from dialog.values import Value, load

if TYPE_CHECKING:
    from sqlite_utils import Database

SCHEMA = 2
_COLUMNS = ", ".join(Person._fields)
_SERVICE = "id, service, since, until, price, cycle"


class WrongFile(ValueError):
    """The file is not one that this release can use; the text says what to do."""


class Held(NamedTuple):
    """A service held from `since` up to but not on `until` ("" = open); price in fen a cycle."""

    id: int
    service: str
    since: str
    until: str
    price: int
    cycle: str

    def on(self, day: str) -> bool:
        """Whether it is active on a day."""
        return self.since <= day and (not self.until or day < self.until)


class Store:
    """Typed access to the file; every method may be called from any thread.

    Raises WrongFile when the file is of another release.
    """

    def __init__(self, path: Path, count: int = COUNT) -> None:
        self._path = path
        self._local = threading.local()
        self._open: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        if not path.exists():
            _build(path, count)
        try:
            version = self._db().execute("PRAGMA user_version").fetchone()[0]
        except sqlite3.DatabaseError:
            raise WrongFile(
                f"{path} 不是数据库，请从备份恢复或移走它。"
                f" {path} is no database: restore it or move it away."
            ) from None
        if version != SCHEMA:
            self.close()
            raise WrongFile(f"{path} is of another release: move it away and start again")

    def close(self) -> None:
        """Closes the connections of all threads."""
        with self._lock:
            for connection in self._open:
                connection.close()
            self._open.clear()

    @contextmanager
    def change(self) -> Iterator[None]:
        """A write transaction of this thread, rolled back when an exception leaves it.

        Raises Temporary when another process holds the file for too long.
        """
        db = self._db()
        try:
            db.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise Temporary("locked") from error
        try:
            yield
        except BaseException:
            db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")

    def person(self, subscriber: str) -> Person | None:
        """A subscription by its id."""
        return self._person("subscriber", subscriber)

    def person_of(self, number: str) -> Person | None:
        """A subscription by its number."""
        return self._person("number", number)

    def _person(self, column: str, value: str) -> Person | None:
        sql = f"SELECT {_COLUMNS} FROM subscribers WHERE {column} = ?"  # noqa: S608  our own words
        row = self._db().execute(sql, (value,)).fetchone()
        return Person(*row) if row else None

    def set_person(self, person: Person, **changed: int | str) -> None:
        """Changes fields of a subscription, inside `change`."""
        sets = ", ".join(f"{name} = ?" for name in changed)
        sql = f"UPDATE subscribers SET {sets} WHERE subscriber = ?"  # noqa: S608  field names
        self._db().execute(sql, (*changed.values(), person.subscriber))

    def held(self, subscriber: str) -> tuple[Held, ...]:
        """All that a subscription holds, held or has booked, oldest first."""
        sql = f"SELECT {_SERVICE} FROM held WHERE subscriber = ? ORDER BY since, id"  # noqa: S608
        return tuple(Held(*row) for row in self._db().execute(sql, (subscriber,)))

    def add_held(self, subscriber: str, since: str, tariff: Tariff) -> None:
        """Starts a service on a day, inside `change`."""
        self._db().execute(
            "INSERT INTO held (subscriber, service, since, until, price, cycle)"
            " VALUES (?, ?, ?, '', ?, ?)",
            (subscriber, tariff.service, since, tariff.price, tariff.cycle),
        )

    def end_held(self, ids: Iterable[int], until: str) -> None:
        """Ends services on a day, inside `change`; one that has not begun by then is dropped."""
        for held in ids:
            self._db().execute("DELETE FROM held WHERE id = ? AND since > ?", (held, until))
            self._db().execute("UPDATE held SET until = ? WHERE id = ?", (until, held))

    def tariff(self, service: str, day: str) -> Tariff | None:
        """The tariff in force on a day; None for a service that has none."""
        row = (
            self._db()
            .execute(
                "SELECT service, version, price, cycle, since, withdrawn FROM tariffs"
                " WHERE service = ? AND since <= ? ORDER BY since DESC LIMIT 1",
                (service, day),
            )
            .fetchone()
        )
        return Tariff(*row) if row else None

    def set_tariff(self, tariff: Tariff) -> None:
        """Puts a new version of a service's tariff in force from its `since`."""
        with self.change():
            self._db().execute("INSERT INTO tariffs VALUES (?, ?, ?, ?, ?, ?)", tariff)

    def order(self, key: str) -> Result | None:
        """The answer that an order got: what was done, before what was refused."""
        row = (
            self._db()
            .execute(
                "SELECT result, given, raw FROM orders WHERE key = ?"
                " ORDER BY done DESC, id LIMIT 1",
                (key,),
            )
            .fetchone()
        )
        if row is None:
            return None
        given: dict[str, Value] = {name: load(value) for name, value in json.loads(row[1]).items()}
        return Result(row[0], given, row[2])

    def add_order(self, key: str, subscriber: str, verb: str, answer: Result, at: int) -> None:
        """Records an order's answer, inside the `change` that carried it out."""
        done = answer.result in ("succeeded", "accepted")
        given = json.dumps(answer.values, ensure_ascii=False)
        self._db().execute(
            "INSERT INTO orders (key, subscriber, verb, result, given, raw, done, at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (key, subscriber, verb, answer.result, given, answer.raw, done, at),
        )

    def done(self, key: str) -> int:
        """How many changes an order's key has made: more than one is a duplicate's harm."""
        sql = "SELECT count(*) FROM orders WHERE key = ? AND done"
        row: tuple[int] = self._db().execute(sql, (key,)).fetchone()
        return row[0]

    def _db(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(
                self._path, timeout=5, isolation_level=None, check_same_thread=False
            )
            connection.execute("PRAGMA synchronous = FULL")
            self._local.connection = connection
            with self._lock:
                self._open.append(connection)
        return connection


def _build(path: Path, count: int) -> None:
    """Builds the file beside its place and links it there: of two builders the first one wins."""
    from sqlite_utils import Database

    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}.new")
    connection = sqlite3.connect(new)
    connection.execute("PRAGMA journal_mode = WAL")
    db = Database(connection)
    _schema(db)
    marks = ", ".join("?" * len(Person._fields))
    tariffs = {tariff.service: tariff for tariff in TARIFFS}  # the latest version
    with connection:
        connection.executemany("INSERT INTO tariffs VALUES (?, ?, ?, ?, ?, ?)", TARIFFS)
        for person, active in people(count):
            connection.execute(f"INSERT INTO subscribers VALUES ({marks})", person)  # noqa: S608
            connection.executemany(
                "INSERT INTO held (subscriber, service, since, until, price, cycle)"
                " VALUES (?, ?, ?, '', ?, ?)",
                [
                    (person.subscriber, name, since, tariffs[name].price, tariffs[name].cycle)
                    for name, since in active.items()
                ],
            )
    connection.execute(f"PRAGMA user_version = {SCHEMA}")
    connection.close()
    with suppress(FileExistsError):
        os.link(new, path)
    new.unlink()


def _schema(db: Database) -> None:
    whole = {"suspended", "balance", "credit", "points", "threshold"}
    kinds: dict[str, type] = {
        name: int if name in whole else bytes if name in ("salt", "identity") else str
        for name in Person._fields
    }
    db.table("subscribers").create(kinds, pk="subscriber")
    db.table("subscribers").create_index(["number"], unique=True)
    held = {"id": int, "subscriber": str, "service": str, "since": str, "until": str}
    db.table("held").create(held | {"price": int, "cycle": str}, pk="id")
    db.table("held").create_index(["subscriber"])
    tariff = {"service": str, "version": str, "price": int, "cycle": str, "since": str}
    db.table("tariffs").create(tariff | {"withdrawn": int}, pk=("service", "version"))
    order = {"id": int, "key": str, "subscriber": str, "verb": str, "result": str, "given": str}
    db.table("orders").create(order | {"raw": str, "done": int, "at": int}, pk="id")
    db.table("orders").create_index(["key"])
