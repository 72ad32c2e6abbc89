"""Every figure opens to its requests: as many as it says, by pseudonym only, each once."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ledger_rows import AT, DAY, HOUR, call_end, closing, request
from report_case import CAUSES

from hotline import drilling, makers, reporting
from hotline.settings import Settings
from ledger import records as r
from ledger.ledger import Ledger
from reports.drill import asks
from reports.errors import NEEDS, Prompt, errors
from reports.failures import BY
from reports.layout import Ratio, Report, Unanswerable

NOW = datetime.datetime.fromtimestamp((AT + 9 * DAY) / 1000, datetime.UTC)

ENDS = (
    ("succeeded", "", 0), ("failed", "no_input", 1), ("failed", "abandoned", 0),
    ("failed", "abandoned", 2), ("failed", "backend_timeout", 0), ("refused", "already_active", 0),
    ("declined", "", 0), ("unknown", "", 0),
)  # fmt: skip


def rows() -> Iterator[r.Row]:
    """Nine days of requests of every end, by both channels, and lost calls."""
    for n in range(180):
        outcome, reason, errors = ENDS[n % len(ENDS)]
        at = AT + n % 9 * DAY + n % 5 * HOUR
        kind, node = ("change", "enable") if n % 3 else ("query", "balance")
        channel = "voice" if n % 4 else "text"
        where = {"kind": kind, "node": node, "channel": channel, "brand": f"b{n % 2}"}
        yield request(f"r{n}", f"s{n}", at=at, subscriber=f"sub{n % 7}", **where)
        yield closing(f"r{n}", outcome, reason, errors=errors, at=at)
        if n % 6 == 0:
            agent = n % 12 == 0
            yield call_end(f"c{n}", at=at, leaves=0, errors=n % 2, agent=agent)


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Iterator[reporting.Context]:
    """A record with those rows, and what a report is made from."""
    home = tmp_path_factory.mktemp("record")
    with Ledger.open(home / "ledger.db", zone="UTC") as ledger:
        ledger.append([*rows(), r.Version("d1", AT, "{}", "test", "")]).result()
        settings = Settings(Path(), home, zone="UTC")
        yield reporting.Context(settings, ledger, reporting.Asked(), NOW)


def asked(context: reporting.Context, **options: Any) -> reporting.Context:
    """The same record, asked with these options."""
    wanted = reporting.Asked(options=options)
    return reporting.Context(context.settings, context.ledger, wanted, context.now)


def opened(context: reporting.Context, report: Report) -> list[tuple[int, int]]:
    """For each row of a report: its numerator, and how many requests it opens to."""
    found = []
    for row, kept in zip(report.rows, report.behind, strict=True):
        figures = [cell for cell in row if isinstance(cell, Ratio)]
        counts = [cell for cell in row if isinstance(cell, int)]
        listed = drilling.listed(context, kept, 10_000)
        ids = [one[-1] for one in listed.rows]
        assert len(set(ids)) == len(ids)
        found.append((figures[0].n if figures else counts[0], len(ids)))
    return found


@pytest.mark.parametrize("by", ["", *BY])
def test_failures_open_to_their_numerators(context: reporting.Context, by: str) -> None:
    """For every grouping and rate, by cause too, overdue ones and losses among them."""
    pairs = opened(context, makers.failures(asked(context, by=by)))
    assert all(n == listed for n, listed in pairs)
    assert sum(n for n, _ in pairs) > 0


@pytest.mark.parametrize("rate", ["R1", "R2", "R3"])
@pytest.mark.parametrize("by", ["cause", "node"])
def test_layers_open_to_their_counts(context: reporting.Context, rate: str, by: str) -> None:
    """From a class down to a reason at a node."""
    found = makers.layers(asked(context, rate=rate, by=by, target=0.86))
    pairs = opened(context, found)
    assert all(n == listed for n, listed in pairs)
    assert pairs


def test_prompts_open_to_those_who_met_them(context: reporting.Context) -> None:
    """By callers and texters together; a node's own prompt apart."""
    prompts = [Prompt("no_input", "own", {}, node="enable"), Prompt("abandoned", "bye", {})]
    found = errors(
        context.counts(NEEDS), context.causes, context.basis, prompts, languages=(), version=""
    )
    pairs = [
        (sum(cell.n for cell in row if isinstance(cell, Ratio)), kept)
        for row, kept in zip(found.rows, found.behind, strict=True)
        if kept
    ]
    listed = [len(drilling.listed(context, kept, 10_000).rows) for _, kept in pairs]
    assert [n for n, _ in pairs] == listed
    assert sum(listed) > 0


def test_comparisons_open_the_second_side(context: reporting.Context) -> None:
    """Each row to what failed in B."""
    spans = {"a": "2026-01-01..2026-01-04", "b": "2026-01-05..2026-01-09"}
    found = makers.compare(asked(context, rate="R3", by="node", **spans))
    b = [column.id for column in found.columns].index("b")
    for row, kept in zip(found.rows, found.behind, strict=True):
        figure = row[b]
        assert isinstance(figure, Ratio)
        assert figure.n == len(drilling.listed(context, kept, 10_000).rows)


def test_the_newest_stand_first(context: reporting.Context) -> None:
    """A limit keeps the newest, and says of how many."""
    found = drilling.listed(context, {"traffic": "real", "rate": "R2"}, 5)
    times = [row[0] for row in found.rows]
    assert times == sorted(times, reverse=True)
    assert len(times) == 5
    whole = makers.failures(asked(context, by="")).rows[1][1]
    assert isinstance(whole, Ratio)
    assert found.notes == (
        f"共 {whole.n} 次，列出最近的 5 次。 5 of {whole.n} are listed, the newest first.",
    )


def test_a_filter_by_plain_dimensions(context: reporting.Context) -> None:
    """Days, hours and places, without any rate: all requests, whatever their end."""
    kept = {"traffic": "real", "day": "2026-01-02", "channel": "voice"}
    found = drilling.listed(context, kept)
    assert {row[0][:10] for row in found.rows} == {"2026-01-02"}
    assert {row[5] for row in found.rows} > {"declined", "failed"}
    lost = drilling.listed(context, {"traffic": "real", "outcome": "lost"})
    assert {row[5] for row in lost.rows} == {"lost"}
    early = drilling.listed(context, {"traffic": "real", "from": "2026-01-01", "to": "2026-01-01"})
    assert {row[0][:10] for row in early.rows} == {"2026-01-01"}


def test_what_contradicts_itself_is_empty(context: reporting.Context) -> None:
    """R1 is of calls: texts behind it there are none, and a sentence says so."""
    found = drilling.listed(context, {"traffic": "real", "rate": "R1", "channel": "text"})
    assert (found.rows, len(found.notes)) == ((), 1)


@pytest.mark.parametrize(
    ("kept", "told"),
    [
        ({"outcome": "gone"}, "No such outcome: gone; there are: succeeded, accepted"),
        ({"cause": "weather"}, "No such cause: weather; there are: account, audio"),
        ({"class": "luck"}, "No such class: luck; there are: system, operation, rule"),
        ({"reason": "whim"}, "No such reason: whim"),
        ({"version": "zz"}, "no version begins with zz"),
    ],
)
def test_an_unknown_value_is_named(
    context: reporting.Context, kept: dict[str, str], told: str
) -> None:
    """With the values that there are, instead of an empty list."""
    with pytest.raises(Unanswerable, match=told):
        drilling.listed(context, {"traffic": "real", **kept})


def test_an_unknown_place_is_named(context: reporting.Context) -> None:
    """Of the command's own filter: nodes that were counted are told; a row's filter is its own."""
    wanted = reporting.Asked(where={"node": "nowhere"}, options={"limit": 5})
    of_command = reporting.Context(context.settings, context.ledger, wanted, context.now)
    with pytest.raises(Unanswerable, match="there are: balance, enable, main"):
        drilling.requests(of_command)
    assert drilling.listed(context, {"traffic": "real", "node": "nowhere"}).rows == ()


def test_questions_are_few_and_do_not_overlap() -> None:
    """A class of many reasons is at most one question for each part and kind of caller."""
    found = asks({"traffic": "real", "rate": "R3", "class": "system"}, CAUSES)
    assert len(found) <= 6
    equals = [
        {(reason, guided) for reason in _each(ask.equal, "reason") for guided in _guided(ask.equal)}
        for ask in found
        if ask.equal["outcome"] == "failed"
    ]
    assert sum(map(len, equals)) == len(set().union(*equals))


def _each(equal: Any, name: str) -> tuple[Any, ...]:
    value = equal[name]
    return value if isinstance(value, tuple) else (value,)


def _guided(equal: Any) -> tuple[bool, ...]:
    return (equal["guided"],) if "guided" in equal else (False, True)
