"""Tables, keys and indexes of the record as data, and their creation with sqlite-utils.

A file of an older SCHEMA is brought up to this one when it is opened: tables are created or
transformed to what stands here. Raise SCHEMA with every change (a test holds the two together).
"""

from __future__ import annotations

import sqlite3
from types import NoneType
from typing import Any, NamedTuple, get_args, get_type_hints

from ledger import complaint_records as c
from ledger import records as r
from ledger import trial_records as t
from ledger import upgrades
from ledger.counts import EXCESS, NO_LEAF, Repeat
from ledger.rollups import ROLLUPS, Rollup

SCHEMA = 12

Columns = dict[str, type]


class Table(NamedTuple):
    """One table: the records whose fields are its columns, and what is added to them."""

    name: str
    of: tuple[type[Any], ...]
    key: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()
    partial: tuple[tuple[tuple[str, ...], str], ...] = ()  # indexes of the rows that fit
    added: Columns = {}
    nullable: tuple[str, ...] = ()
    defaults: dict[str, Any] = {}


_DATED: Columns = {"day": str, "hour": int}
_AT = (("at",),)


def _tables_of(rollup: Rollup) -> tuple[Table, Table]:
    kinds = {"id": int} | rollup.types(rollup.kind)
    sums = {"id": int} | rollup.types(rollup.times) | {"kind_id": int, "writer": int}
    return (
        Table(rollup.kinds_table, (), ("id",), unique=(rollup.kind,), added=kinds),
        Table(rollup.sums_table, (), ("id",), added=sums | rollup.types(rollup.sums)),
    )


TABLES = (
    Table(
        "sessions",
        (r.SessionFacts, r.SessionState),
        ("id",),
        unique=(("dialogue",), ("text_line",)),
        indexes=(("deadline",), ("opened_at",)),
        partial=((("caller", "opened_at"), "channel = 'text'"),),
        # text_line: the open text session of a called number and subscriber, freed when it ends
        added={"text_line": str, "zone": str} | _DATED,
        nullable=("text_line", "deadline"),
    ),
    Table("steps", (r.Step,), ("session", "n"), indexes=_AT, added=_DATED),
    Table(
        "requests",
        (r.Request,),
        ("id",),
        indexes=(("at",), ("session",)),
        partial=(
            (("leaf", "traffic", "day", "keyword", "subscriber", "id"), f"leaf = '{NO_LEAF}'"),
            (("subscriber", "at"), f"leaf <> '{NO_LEAF}'"),
        ),
        added=_DATED,
    ),
    Table(
        "closings",
        (r.Closing,),
        ("request",),
        partial=((("reason", "day", "request"), f"reason = '{EXCESS}'"),),
        added=_DATED,
    ),
    Table("attempts", (r.Attempt,), indexes=(("at",), ("session",)), added=_DATED),
    Table("told", (r.Told,), indexes=_AT, added=_DATED),
    Table("call_ends", (r.CallEnd,), ("session",), indexes=_AT, added=_DATED),
    Table("orders", (r.Order,), ("id",), indexes=(("subscriber",), ("at",))),
    Table("order_moves", (r.OrderMove,), ("order_id", "n"), indexes=_AT, added={"n": int}),
    Table("deliveries", (r.Delivery,), ("key",), indexes=(("opened_at",),)),
    Table("delivery_parts", (r.DeliveryPart,), ("delivery", "n"), indexes=_AT),
    Table("delivery_closings", (r.DeliveryClosing,), ("delivery",), indexes=_AT),
    Table(
        "inbox",
        (r.Inbox,),
        ("id",),
        indexes=(("mark", "at"), ("line", "at"), ("open", "at"), ("at",)),
        added={"answered": int, "open": int},
        defaults={"answered": 0, "open": 1},
    ),
    Table(
        "outbox",
        (r.Outbox,),
        ("id",),
        unique=(("inbound",),),
        indexes=(("due_at",), ("at",)),
        defaults={"attempts": 0, "owner": ""},
    ),
    Table(
        "outbox_sends",
        (r.OutboxSend,),
        ("outbox", "attempt", "status"),
        indexes=(("at",), ("provider_id",)),
    ),
    Table("receipts", (r.Receipt,), ("provider_id", "state"), indexes=(("outbox",), ("at",))),
    Table(
        "password_tries", (r.PasswordTry,), indexes=(("target", "at"), ("caller", "at"), ("at",))
    ),
    Table("opt_outs", (r.OptOut,), indexes=(("called", "subscriber", "at"),)),
    Table("complaints", (c.Complaint,), ("id",), indexes=_AT),
    Table("complaint_moves", (c.ComplaintMove,), indexes=(("complaint", "at"), ("at",))),
    Table("versions", (r.Version,), ("digest",)),
    Table("serving", (r.Serving,), ("n",), added={"n": int}),
    Table("trials", (t.Trial,), ("id",)),
    Table("trial_ends", (t.TrialEnd,), ("trial",)),
    Table(
        "trial_entries",
        (t.TrialEntry,),
        ("trial", "subscriber"),
        indexes=(("trial", "arm"), ("at",)),
    ),
    Table("trial_marks", (t.TrialMark,), ("trial", "subscriber", "guard"), indexes=_AT),
    Table("trial_topics", (t.TrialTopic,), t.TrialTopic._fields, indexes=_AT),
    Table(
        "wrap_ups",
        (r.WrapUp,),
        ("traffic", "at", "code", "edition"),
        indexes=(("source",), ("day",)),
        added={"edition": int} | _DATED,
        defaults={"traffic": "real"},
    ),
    Table("repeats", (Repeat,), ("day", "traffic", "channel", "leaf")),
    Table(
        "repeat_days",
        (),
        ("day", "traffic"),
        added={"day": str, "traffic": str, "requests": int},
    ),
    Table("purges", (r.Purge,)),
    *(table for rollup in ROLLUPS for table in _tables_of(rollup)),
)

DATED = frozenset(of for table in TABLES if "day" in table.added for of in table.of)
"""Records that the ledger gives a local day and hour."""

NAMES: dict[type[Any], str] = {table.of[0]: table.name for table in TABLES if table.of}


def columns(table: Table) -> tuple[Columns, set[str]]:
    """A table's columns with their types, and which of them may not be null."""
    types: Columns = {}
    required: set[str] = set()
    for record in table.of:
        hints = get_type_hints(record)
        for field in record._fields:
            options = get_args(hints[field]) or (hints[field],)
            types[field] = int if options[0] is bool else options[0]
            if NoneType not in options:
                required.add(field)
    types |= table.added
    required |= set(table.added)
    return types, required - set(table.nullable)


def insert(record: type[Any], suffix: str = "") -> str:
    """The INSERT of a record's fields, with day and hour after them when it is dated."""
    names = [*record._fields, *(("day", "hour") if record in DATED else ())]
    marks = ", ".join("?" * len(names))
    return f"INSERT INTO {NAMES[record]} ({', '.join(names)}) VALUES ({marks}){suffix}"  # noqa: S608


def migrate(connection: sqlite3.Connection) -> None:
    """Brings a file to SCHEMA; several processes may try at once.

    Raises LedgerError when a newer release wrote the file.
    """
    if _written_by(connection) == SCHEMA:
        return
    from sqlite_utils import Database  # 0.1 s to import, needed once in a file's life

    connection.execute("BEGIN IMMEDIATE")
    try:
        if _written_by(connection) < SCHEMA:
            db = Database(connection)
            anew = upgrades.prepare(connection)
            for table in TABLES:
                types, required = columns(table)
                made = db.table(table.name)
                if made.exists():  # an older file's rows get what they lack
                    for column in set(types) - {old.name for old in made.columns}:
                        blank = table.defaults.get(column, types[column]())
                        needed = {"not_null_default": blank} if column in required else {}
                        made.add_column(column, types[column], **needed)
                made.create(
                    types,
                    pk=table.key or None,
                    not_null=required,
                    defaults=table.defaults,
                    transform=True,
                    strict=True,
                )
                for unique in table.unique:
                    made.create_index(unique, unique=True, if_not_exists=True)
                for index in table.indexes:
                    made.create_index(index, if_not_exists=True)
                for index, fits in table.partial:
                    connection.execute(
                        f"CREATE INDEX IF NOT EXISTS idx_{table.name}_{'_'.join(index)} "
                        f"ON {table.name} ({', '.join(index)}) WHERE {fits}"
                    )
            upgrades.upgrade(connection, anew)
            connection.execute(f"PRAGMA user_version = {SCHEMA}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _written_by(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA:
        raise r.LedgerError(
            f"the record was written by a newer release (schema {version}, this one knows "
            f"{SCHEMA}): update hotline"
        )
    return version
