"""Rows for the ledger's tests, with plausible defaults for what a test does not care about."""

from __future__ import annotations

from ledger import records as r

AT = 1_767_225_600_000  # 2026-01-01 00:00 UTC, 08:00 in Shanghai
HOUR = 3_600_000
DAY = 24 * HOUR
NUMBER = "13800138000"
STATE = '{"caller":"13800138000"}'


def opened(session: str, **facts) -> r.SessionFacts:
    """A voice session's facts; `dialogue=None, channel="text"` makes it a text one."""
    return r.SessionFacts(
        id=session, dialogue=f"pbx/{session}", channel="voice", called="10086", subscriber="sub",
        caller="cal", identity="network", link="pbx", traffic="real", digest="d1", operator="cmcc",
        brand="gotone", tier="", province="", language="zh-CN", opened_at=AT,
    )._replace(**facts)  # fmt: skip


def open_state(turn: int = 1, deadline: int = 0) -> r.SessionState:
    """A session that waits."""
    return r.SessionState(turn, STATE, deadline)


def ended_state(turn: int = 2) -> r.SessionState:
    """A session that is over."""
    return r.SessionState(turn, None, 0, False, AT + 1000, "done")


def start(session: str, *rows: r.Row, state: r.SessionState | None = None, **facts) -> r.Commit:
    """A session's first commit."""
    return r.Commit(session, None, rows, state or open_state(), opened(session, **facts))


def go_on(session: str, expected: int, *rows: r.Row, state: r.SessionState | None = None):
    """A session's next commit."""
    return r.Commit(session, expected, rows, state or open_state(expected + 1))


def step(session: str, n: int = 1, **fields) -> r.Step:
    """A step at the main menu."""
    return r.Step(
        session=session, n=n, at=AT, event="DigitsEntered", node="main", stage="", tries=0, key="1",
        heard_ms=0, options="[]", said="[]", failed_prompts="[]",
    )._replace(**fields)  # fmt: skip


def request(key: str, session: str = "s", **fields) -> r.Request:
    """A request for the balance."""
    return r.Request(
        id=key, session=session, n=1, at=AT, leaf="balance", node="balance", kind="query",
        service="", keyword="", channel="voice", called="10086", link="pbx", identity="network",
        traffic="real", digest="d1", subscriber="sub", operator="cmcc", brand="gotone", tier="",
        province="",
    )._replace(**fields)  # fmt: skip


def closing(key: str, outcome: str = "succeeded", reason: str = "", **fields) -> r.Closing:
    """A request's outcome."""
    return r.Closing(key, AT + 5000, outcome, reason, "", 0, 0)._replace(**fields)


def call_end(session: str, **fields) -> r.CallEnd:
    """A call that met a leaf and was hung up by the caller."""
    return r.CallEnd(
        session=session, at=AT, channel="voice", called="10086", traffic="real", digest="d1",
        brand="gotone", by="caller", leaves=1, errors=0, agent=False, node="main",
    )._replace(**fields)  # fmt: skip


def order(key: str, **fields) -> r.Order:
    """An order of the caller-ID service."""
    return r.Order(
        id=key, session="s", at=AT, subscriber="sub", number=NUMBER, verb="subscribe",
        target="caller_id", args="{}", price=500, cycle="month", tariff="2026", effective="now",
        said="", authenticated="number",
    )._replace(**fields)  # fmt: skip


def text(key: str, inbound: str | None = None, **fields) -> r.Outbox:
    """A text that is due at once and good for an hour."""
    return r.Outbox(
        id=key, inbound=inbound, session="s", at=AT, number=NUMBER, called="10086", link="sms",
        kind="reply", language="zh-CN", text="ok", segments=1, expires_at=AT + HOUR,
        reply_context="", due_at=AT,
    )._replace(**fields)  # fmt: skip
