"""Error prompts: every reason with its wording and how often it was met (table 5-5)."""

from __future__ import annotations

from typing import Any

from report_case import AS_OF, BASE, CAUSES, cells, failed

from ledger.counts import CALL, LOST, Count, Visit
from reports.basis import Basis
from reports.errors import TOLD, Again, Prompt, errors, slips
from reports.layout import Ratio, Report

BASIS = Basis("dialtest", AS_OF)
PROMPTS = [
    Prompt("no_input", "gave_no_input", {"zh-CN": "没有您的输入。", "en": "No entry."}),
    Prompt("overload", "sorry", {"zh-CN": "对不起。", "en": "Sorry."}, {"en": "Sorry, text."}),
    Prompt("backend_error", "sorry", {"zh-CN": "对不起。", "en": "Sorry."}),
    Prompt("no_input", "enable_no_input", {"zh-CN": "没有输入，没有开通。"}, node="enable"),
    Prompt("declined", "declined", {"zh-CN": "没有办理。", "en": "Nothing was changed."}),
]
COUNTS = [
    BASE._replace(n=90),
    failed(3, "no_input", node="balance"),
    failed(2, "no_input", node="enable"),
    failed(4, "overload", channel="text"),
    BASE._replace(n=1, outcome="declined"),
    BASE._replace(n=5, outcome="refused", reason="already_active"),
    BASE._replace(n=45, channel="text"),
    BASE._replace(n=50, traffic="real", outcome="failed", reason="overload"),
    Count(CALL, "2008-01-15", 10, "voice", "dialtest", outcome=LOST, reason="caller", n=7),
]


def report(counts: list[Count] = COUNTS) -> Report:
    """The report in two languages."""
    return errors(counts, CAUSES, BASIS, PROMPTS, languages=("zh-CN", "en"), version="d1" * 32)


def row(reason: str, node: str = "") -> dict[str, Any]:
    """The row of a reason, or of a node's own prompt for it."""
    wanted = node or "—"
    return next(
        row
        for row in cells(report())
        if row["reason"] == reason and str(row["node"]).startswith(wanted)
    )


def test_a_prompt_and_how_often_it_was_met() -> None:
    """By callers and by texters, each out of the requests of its channel."""
    found = row("overload")
    assert found["text"] == "sorry"
    assert found["said_en"] == "Sorry.（短信 text: Sorry, text.）"
    assert (found["callers"], found["texters"]) == (Ratio(0, 101), Ratio(4, 49))


def test_a_nodes_own_prompt_is_counted_apart() -> None:
    """What enable says itself is not the file's prompt: 3 heard that one, 2 the other."""
    assert row("no_input")["callers"].n == 3
    assert row("no_input", "enable")["callers"].n == 2
    assert row("no_input", "enable")["said_zh-CN"] == "没有输入，没有开通。"


def test_every_reason_is_a_row() -> None:
    """Also those that nobody met: a prompt's absence is what the table is for."""
    assert {row["reason"] for row in cells(report())} == set(TOLD)
    assert cells(report([]))[0]["callers"] == Ratio(0, 0)


def test_reasons_without_a_prompt_are_named() -> None:
    """So are prompts that serve several errors, and those that lack a language."""
    notes = "\n".join(report().notes)
    assert "Without a prompt of their own: backend_timeout, prompt_missing" in notes
    assert "sorry serves several: backend_error, overload." in notes
    assert "Without en wording: enable_no_input." in notes


def test_system_and_user_errors_are_told_apart() -> None:
    """The class of each reason by the causes' table; where it depends, both."""
    assert str(row("overload")["class"]) == "系统原因 system"
    assert row("declined")["class"] is None
    texts = errors(COUNTS, CAUSES, Basis("real", AS_OF), PROMPTS, languages=(), version="")
    abandoned = next(row for row in cells(texts) if row["reason"] == "abandoned")
    assert abandoned["class"] == "操作原因 operation / 系统原因 system"
    assert any(f"(causes.yaml {CAUSES.version})" in note for note in texts.notes)


AGAIN = [
    Again("no_input", "main", ("no_input_1", "no_input_2"), {"en": "Please. / Please press."}),
    Again("no_input", "bill", ("no_input_1", "no_input_2"), {"en": "Please. / Please press."}),
    Again("invalid_key", "main", ("no_match_1",), {"en": "No such key."}),
]
SLIP = Visit("attempt", "2008-01-15", "voice", "dialtest", "d1", "main", event="no_input", n=1)
VISITS = [
    SLIP._replace(n=6),
    SLIP._replace(node="bill", n=2),
    SLIP._replace(event="invalid_key", n=1),
    SLIP._replace(channel="text", event="bad_parameter", node="gone", n=4),
    SLIP._replace(of="step", n=99),
    SLIP._replace(traffic="real", n=99),
]


def test_what_is_said_after_a_wrong_entry() -> None:
    """Nodes with the same prompts stand together; every wrong entry of the channel is counted."""
    found = slips(VISITS, BASIS, AGAIN, languages=("en",), version="d1" * 32)
    assert [(row["reason"], row["nodes"], row["callers"]) for row in cells(found)] == [
        ("no_input", "main, bill", Ratio(8, 9)),
        ("invalid_key", "main", Ratio(1, 9)),
    ]
    assert cells(found)[0]["said_en"] == "Please. / Please press."
    assert (
        "4 more at nodes or of errors that this version has not: gone: bad_parameter."
        in (found.notes[-1])
    )


def test_no_wrong_entries() -> None:
    """The prompts stand all the same, and a sentence says that there is no data."""
    found = slips([], BASIS, AGAIN, languages=(), version="")
    assert len(found.rows) == 2
    assert found.notes[0].startswith("… – …")


def test_each_row_opens_its_requests() -> None:
    """By outcome and reason, a node's own by its node."""
    behind = {
        (row["reason"], str(row["node"])): kept
        for row, kept in zip(cells(report()), report().behind, strict=True)
    }
    base = {"traffic": "dialtest"}
    own = behind["no_input", "enable"]
    assert own == {**base, "outcome": "failed", "reason": "no_input", "node": "enable"}
    assert behind["no_input", "— (none)"] == {}  # two of its five were said otherwise
    assert behind["already_active", "— (none)"]["outcome"] == "refused"
    assert behind["declined", "— (none)"] == {**base, "outcome": "declined"}
