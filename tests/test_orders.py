"""`hotline orders`: what is in flight or unknown is listed; an order's whole history is told."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from house_case import NUMBER, ROOT, Rig, make_home

from actions.faults import Fault
from actions.perform import Performer
from hotline.cli import cli
from hotline.orders import STATES
from ledger import records
from ledger.zone import DAY_MS

Run = Callable[..., Result]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A state folder."""
    return make_home(tmp_path)


@pytest.fixture
def rig(home: Path) -> Iterator[Rig]:
    """A process over it, whose BSS can't tell a repeated order."""
    made = Rig(home, drops="not_at_all")
    yield made
    made.close()


@pytest.fixture
def run(home: Path) -> Run:
    """Runs a subcommand on the folder."""

    def orders(*words: str) -> Result:
        places = ["--site", str(ROOT), "--home", str(home)]
        return CliRunner().invoke(cli, [*places, "orders", *words])

    return orders


def listed(run: Run, *words: str) -> list[str]:
    """The states of the orders listed, in their order."""
    told = run("list", "--json", *words)
    assert told.exit_code == 0, told.output
    return [row["state"] for row in json.loads(told.output)["rows"]]


def placed(rig: Rig, order: str, *states: str, back: int = 0, **fields: str) -> None:
    """An order as its rows, so many days ago."""
    at = rig.now() - back * DAY_MS
    row = records.Order(
        order, "s", at, "p", NUMBER, "subscribe", "caller_id", "{}", 500, "month", "2", "now", "",
        "number",
    )._replace(**fields)  # fmt: skip
    rig.ledger.append([row, *(records.OrderMove(order, at, state) for state in states)]).result()


def unanswered(rig: Rig) -> None:
    """An order that the BSS carried out without a word."""
    rig.text("KTLDXS")
    rig.answer()
    rig.text("是")
    job = rig.performer.held[0][0]
    rig.answer(Fault("no_answer", "submit"))
    Performer.perform(rig.performer, job).result()


def test_what_is_unknown_is_listed_until_it_is_known(rig: Rig, run: Run) -> None:
    """An order that the BSS did not answer is in the list by itself; once asked for, no more."""
    rig.text("KTLDXS")
    rig.answer()
    assert listed(run) == []  # nobody has said yes
    rig.text("是")
    assert listed(run) == ["submitted"]
    job = rig.performer.held[0][0]
    rig.answer(Fault("no_answer", "submit"))
    assert listed(run) == ["unknown"]
    Performer.perform(rig.performer, job).result()
    rig.reconcile()
    assert listed(run) == []
    assert listed(run, "--all") == ["reconciled"]


def test_the_whole_history_of_one(rig: Rig, run: Run) -> None:
    """Price, words, each move, what the BSS said, and what the subscriber was told later."""
    unanswered(rig)
    rig.reconcile()
    (order,) = rig.order_states()
    later = next(row for row in rig.ledger.rows(records.Outbox) if row.kind == "later")
    rig.ledger.outbox_due(later.due_at, 9, "sender", 60_000).result()
    rig.ledger.outbox_sent(later.id, 1, later.due_at, "smsc-7").result()
    rig.ledger.note_receipt("smsc-7", later.due_at, "delivered").result()
    shown = run("show", order)
    assert shown.exit_code == 0
    lines = iter(shown.output.splitlines())
    for part in (
        "138****8000  real text link 10086",
        "subscribe caller_id",
        "5.00 元 yuan, month",
        "quoted  您要开通来电显示，费用每月5.00元",
        "confirmed  「是」",
        "sent to the BSS",
        "unknown",
        "reconciled  succeeded  BSS: 0000",
        "text  已为您开通来电显示",
        "text  sent",
        "receipt  delivered",
    ):
        assert any(part in line for line in lines), f"{part}\n{shown.output}"
    assert NUMBER not in shown.output


def test_staff_ask_for_what_nobody_asks_for_any_more(rig: Rig, run: Run) -> None:
    """However old an order is, its end is recorded; what the BSS does not know stays unknown."""
    (rig.home / "bss.db").symlink_to(rig.home / "bss.sqlite")  # where the command looks for it
    unanswered(rig)
    placed(rig, "a.1", "unknown", back=30)
    assert listed(run) == ["unknown", "unknown"]
    told = run("reconcile")
    assert told.exit_code == 0, told.output
    assert "asked 2" in told.output
    assert "unknown 1" in told.output
    assert listed(run, "--all") == ["unknown", "reconciled"]
    (later,) = [row for row in rig.ledger.rows(records.Outbox) if row.kind == "later"]
    assert "来电显示" in later.text
    assert "asked 1" in run("reconcile").output


def test_an_id_may_be_cut_short(rig: Rig, run: Run) -> None:
    """Its beginning will do while no other order has it; a whole one is never in doubt."""
    for order in ("0a1.1", "0a1.10", "0b2.1"):
        placed(rig, order, "succeeded")
    assert run("show", "0B").output.startswith("0b2.1 ")
    assert run("show", "0a1.1").output.startswith("0a1.1 ")
    for begin, hint in (("0a", "Several orders"), ("0c", "No order")):
        told = run("show", begin)
        assert told.exit_code == 2
        assert hint in told.output


def test_they_are_chosen_by_state_number_day_and_traffic(rig: Rig, run: Run) -> None:
    """Each option keeps its orders, the newest last; --limit keeps the latest and says so."""
    placed(rig, "a.1", "confirmed", "submitted", "unknown", back=9)
    placed(rig, "b.1", "declined", back=5)
    placed(rig, "c.1", "confirmed", number="13912345678")
    placed(rig, "d.1")

    def ids(*words: str) -> list[str]:
        return [row["id"] for row in json.loads(run("list", "--json", *words).output)["rows"]]

    assert ids() == ["a.1", "c.1"]
    assert ids("--all") == ["a.1", "b.1", "c.1", "d.1"]
    assert ids("--state", "declined", "--state", "quoted") == ["b.1", "d.1"]
    assert ids("--number", "+86 139 1234 5678") == ["c.1"]
    at = {row.id: row.at for row in rig.ledger.rows(records.Order)}
    day = rig.ledger.zone.local(at["b.1"])[0]
    today = rig.ledger.zone.local(at["c.1"])[0]
    assert ids("--all", "--from", day, "--to", day) == ["b.1"]
    assert ids("--all", "--to", day) == ["a.1", "b.1"]
    assert ids("--all", "--from", today) == ["c.1", "d.1"]
    assert ids("--all", "--traffic", "demo") == []
    cut = run("list", "--all", "--limit", "2")
    assert "c.1" in cut.output
    assert "b.1" not in cut.output
    assert "latest 2" in cut.output
    assert run("list", "--all", "--state", "void").exit_code == 2
    assert run("list", "--number", "abc").exit_code == 2


def test_a_rehearsed_order_is_no_real_one(home: Path, run: Run) -> None:
    """What `hotline sms` ordered is listed as rehearsal only."""
    places = ["--site", str(ROOT), "--home", str(home)]
    for text in ("KTLDXS", "是"):
        assert CliRunner().invoke(cli, [*places, "sms", NUMBER, text]).exit_code == 0
    assert listed(run, "--all") == []
    assert listed(run, "--all", "--traffic", "rehearsal") == ["succeeded"]


def test_no_number_and_no_secret_is_shown(rig: Rig, run: Run) -> None:
    """Neither the subscriber's number nor one in the words of an order, nor what was sealed."""
    sealed, other = rig.vault.seal("246135"), "13912345678"
    placed(
        rig, "a.1", "unknown", args=json.dumps({"to": other}), said=f"转到{other}，口令{sealed}。"
    )  # fmt: skip
    move = records.OrderMove("a.1", rig.now(), "unknown", raw=f"E7 {other}", reply=f"是 {sealed}")
    text = records.Outbox(
        "s.2.reply", None, "s", move.at, NUMBER, "10086", "link", "reply", "zh-CN",
        f"{other} {sealed}", 1, move.at + DAY_MS, "", move.at,
    )  # fmt: skip
    rig.ledger.append([move, text]).result()
    told = [run("show", "a.1").output, *(run("list", *style).output for style in STYLES)]
    assert "139****5678" in told[0]
    assert "[secret]" in told[0]
    for output in told:
        assert "a.1" in output
        assert not [hidden for hidden in (NUMBER, other, sealed, "246135") if hidden in output]


STYLES = ([], ["--json"], ["--csv"])


def test_csv_has_a_row_for_each(rig: Rig, run: Run) -> None:
    """The columns that a spreadsheet needs, prices in yuan."""
    placed(rig, "a.1", "unknown")
    (row,) = csv.DictReader(io.StringIO(run("list", "--csv").output))
    assert (row["id"], row["price_yuan"], row["state"]) == ("a.1", "5.0", "unknown")


def test_every_state_has_its_name(rig: Rig, run: Run) -> None:
    """Whatever the engine and the sweeper write can be listed and shown."""
    for n, state in enumerate(STATES):
        placed(rig, f"{n:02d}.1")
        if state != "quoted":
            move = records.OrderMove(f"{n:02d}.1", rig.now(), state, "succeeded")
            rig.ledger.append([move]).result()
        assert str(STATES[state]) in run("show", f"{n:02d}.1").output
    assert listed(run, "--all") == list(STATES)
