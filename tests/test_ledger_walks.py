"""Whole dialogues, the ways they took, and the rows behind a figure."""

from __future__ import annotations

import pytest
from ledger_rows import (
    AT,
    DAY,
    HOUR,
    call_end,
    closing,
    ended_state,
    go_on,
    request,
    start,
    step,
)

from ledger import records as r
from ledger.counts import Count, Trail
from ledger.ledger import Ledger


def call(ledger, session, nodes, *rows, at=AT, by="caller", agent=False, **facts):
    """A call through nodes, one step each; its rows come with the last."""
    steps = [step(session, n, node=node, at=at) for n, node in enumerate(nodes, 1)]
    end = call_end(session, at=at, by=by, agent=agent, leaves=len(rows))
    ledger.write(start(session, *steps[:-1], opened_at=at, **facts)).result()
    over = ended_state()._replace(ended_at=at + 1)
    ledger.write(go_on(session, 1, steps[-1], *rows, end, state=over)).result()
    return (*steps, *rows, end)


@pytest.fixture
def ledger(tmp_path):
    """An empty record."""
    with Ledger.open(tmp_path / "ledger.sqlite") as opened:
        yield opened


def test_walks_are_whole_and_in_order(ledger):
    """A dialogue comes with all its rows, in the order of the beginnings."""
    second = call(ledger, "s1", ["main", "bill"], at=AT + HOUR)
    tried = r.Attempt("s0", 1, AT, "", "main", "invalid_key")
    asked, closed = request("s0.2", "s0"), closing("s0.2")
    first = call(ledger, "s0", ["main", "main", "balance"], tried, asked, closed)
    walks = list(ledger.walks("", "", "real"))
    assert [walk.session.id for walk in walks] == ["s0", "s1"]
    whole, short = walks
    assert whole.steps == first[:3]
    assert (whole.attempts, whole.requests, whole.closings) == ((tried,), (asked,), (closed,))
    assert whole.end == first[-1]
    assert (short.steps, short.requests, short.end) == (second[:2], (), second[-1])


def test_walks_of_a_span_and_a_kind(ledger):
    """Days are those of the beginning; other traffic and channels, open dialogues stay out."""
    for n in range(5):
        call(ledger, f"s{n}", ["main"], at=AT + n * DAY)
    call(ledger, "demo", ["main"], traffic="demo")
    ledger.write(start("open", step("open"))).result()
    text = start("text", step("text"), dialogue=None, channel="text", state=ended_state(1))
    ledger.write(text).result()

    def ids(*asked, **more):
        return [walk.session.id for walk in ledger.walks(*asked, **more)]

    assert ids("2026-01-02", "2026-01-03", "real") == ["s1", "s2"]
    assert ids("", "", "real", limit=2) == ["s0", "s1"]
    assert ids("2026-01-04", "", "real") == ["s3", "s4"]
    assert ids("", "", "demo") == ["demo"]
    assert ids("", "", "real", "text") == ["text"]
    assert next(ledger.walks("", "", "real", "text")).end is None


def test_trails_count_every_beginning(ledger):
    """Each beginning of a way is counted, with how those ended that went no further."""
    call(ledger, "s1", ["main", "main", "bill"])
    call(ledger, "s2", ["main", "bill", "main", "bill"], by="network")
    call(ledger, "s3", ["main"], agent=True)
    call(ledger, "s4", ["main", "bill"], by="hotline")
    call(ledger, "s5", ["menu", ""], by="hotline")
    assert ledger.trails("", "", "real", "voice", depth=3) == [
        Trail(("main",), 4, {"agent": 1}),
        Trail(("main", "bill"), 3, {"caller": 1, "hotline": 1}),
        Trail(("main", "bill", "main"), 1, {}),
        Trail(("menu",), 1, {"hotline": 1}),
    ]
    assert ledger.trails("", "", "real", "voice", depth=1)[0] == Trail(("main",), 4, {"agent": 1})
    assert ledger.trails("2026-02-01", "", "real", "voice", depth=3) == []


def test_texts_have_trails_by_their_end(ledger):
    """A text dialogue ends as its session did."""
    facts = {"dialogue": None, "channel": "text", "state": ended_state(1)}
    ledger.write(start("t", step("t", node="balance"), **facts)).result()
    assert ledger.trails("", "", "real", "text", 4) == [Trail(("balance",), 1, {"done": 1})]


def test_behind_a_figure_are_its_requests(ledger):
    """The requests that a count is of, the newest first, with their sessions and raw codes."""
    ledger.append(
        [
            request("q1", "s1"),
            closing("q1", "failed", "backend_error", raw="E7", errors=1),
            request("q2", "s2", at=AT + 30 * HOUR, subscriber="other"),
            closing("q2", "failed", "backend_error"),
            request("q3", "s3", at=AT + 31 * HOUR),
            closing("q3", "unknown"),
            r.OrderMove("q3", AT + 40 * HOUR, r.RECONCILED, "already_active"),
            request("q4", traffic="demo"),
        ]
    ).result()
    failed = ledger.behind(outcome="failed", traffic="real")
    assert [(row.id, row.session, row.subscriber, row.raw) for row in failed] == [
        ("q2", "s2", "other", ""),
        ("q1", "s1", "sub", "E7"),
    ]
    assert failed[1].counted in ledger.counts(outcome="failed")
    assert [row.id for row in ledger.behind(limit=1, outcome="failed")] == ["q2"]
    assert [row.id for row in ledger.behind(reason="already_active")] == ["q3"]
    assert [row.id for row in ledger.behind(outcome="failed", guided=True)] == ["q1"]
    assert [row.id for row in ledger.behind(last="2026-01-01", traffic="real")] == ["q1"]
    assert [row.id for row in ledger.behind(outcome="open", hour=8)] == ["q4"]
    assert ledger.behind(day="2026-02-01") == []
    with pytest.raises(ValueError, match="colour"):
        ledger.behind(colour="red")


def test_behind_a_figure_are_its_calls(ledger):
    """Calls are asked for by `of`."""
    ledger.append([call_end("s1", leaves=0), call_end("s2", at=AT + HOUR)]).result()
    (lost,) = ledger.behind(of="call", outcome="lost")
    assert (lost.id, lost.session, lost.counted) == ("s1", "s1", ledger.counts(outcome="lost")[0])
    assert lost.counted.n == 1
    assert [row.id for row in ledger.behind(of="call")] == ["s2", "s1"]


def test_behind_each_count_are_as_many(ledger):
    """For every kind that is counted as many rows are found as the count says."""
    rows = []
    for n in range(24):
        rows += [request(f"q{n}", at=AT + n * 7 * HOUR), closing(f"q{n}", errors=n % 2)]
        rows.append(call_end(f"s{n}", at=AT + n * 5 * HOUR, leaves=n % 2))
    ledger.append(rows).result()
    counts = ledger.counts()
    assert len(counts) > 24
    for count in counts:
        dimensions = count._asdict()
        del dimensions["n"]
        found = ledger.behind(**dimensions)
        assert [row.counted for row in found] == [count._replace(n=1)] * count.n
        assert isinstance(found[0].counted, Count)
