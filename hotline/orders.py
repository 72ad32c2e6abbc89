"""The orders for staff: what is under way or of unknown end, and one order's whole history.

No full number leaves this module: all that is shown of a text goes through `_shown`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from hotline.trials import Impossible
from ivr.origin import masked
from ledger import records as r
from ledger.ledger import Ledger
from ledger.orders import QUOTED, Placed
from ledger.reads import IN_FLIGHT
from menus.keywords import SEALED
from reports.layout import Decimal, Report, Word

TITLE = Word("orders", "订单", "orders")
STATES = {
    state: Word(state, chinese, english)
    for state, chinese, english in (
        (QUOTED, "待用户确认", "quoted"),
        ("confirmed", "已确认", "confirmed"),
        ("submitted", "已提交", "sent to the BSS"),
        ("unknown", "结果待查", "unknown"),
        (r.RECONCILED, "已查明", "reconciled"),
        ("succeeded", "已办理", "succeeded"),
        ("accepted", "已受理", "accepted"),
        ("refused", "不予办理", "refused"),
        ("failed", "失败", "failed"),
        ("declined", "用户不办", "declined"),
        ("void", "作废", "void"),
    )
}
_COLUMNS = (
    Word("id", "订单", "order"),
    Word("at", "报价时间", "quoted"),
    Word("number", "号码", "number"),
    Word("verb", "办理", "verb"),
    Word("target", "业务", "target"),
    Word("price_yuan", "价格（元）", "price, yuan"),
    Word("state", "状态", "state"),
    Word("reason", "原因", "reason"),
    Word("since", "何时起", "since"),
)
_AUTHENTICATED = {"number": "本机号码 own number", "password": "服务密码 service password"}
_NUMBER = re.compile(r"\d{7,}")


def listed(
    ledger: Ledger,
    traffic: str,
    limit: int,
    *,
    states: Sequence[str] = (),
    number: str | None = None,
    first: str = "",
    last: str = "",
    ended: bool = False,
) -> Report:
    """The latest orders, the newest last: of these states, else those in flight, else all."""
    kept = () if ended else states or IN_FLIGHT
    found = ledger.orders(traffic, limit + 1, states=kept, number=number, first=first, last=last)
    notes = []
    if len(found) > limit:
        notes.append(f"只列出最近 {limit} 件（--limit）。 Only the latest {limit} are listed.")
    if not found:
        others = (
            "" if ended or states else "；--all 也列出已有结果的 (--all lists those that ended)"
        )
        notes.append(f"没有这样的订单{others}。 There are none.")
    facts = {"traffic": traffic, "from": first, "to": last}
    rows = tuple(_row(ledger, placed) for placed in found[-limit:])
    return Report(TITLE, facts, _COLUMNS, rows, tuple(notes))


def _row(ledger: Ledger, placed: Placed) -> tuple[str | Word | Decimal, ...]:
    order, iso = placed.order, ledger.zone.iso
    return (
        order.id,
        iso(order.at),
        masked(order.number),
        order.verb,
        order.target,
        _price(order),
        STATES[placed.state],
        placed.reason,
        iso(placed.moved_at),
    )


def _price(order: r.Order) -> Decimal:
    return Decimal(order.price / 100)


def found(ledger: Ledger, begin: str) -> Placed:
    """The one order whose id begins so; raises Impossible."""
    begin = begin.strip().lower()
    named = ledger.orders_named(begin, 2)
    exact = [placed for placed in named if placed.order.id == begin]
    if len(exact or named) == 1:
        return (exact or named)[0]
    if named:
        raise Impossible(
            f"不止一个订单以 {begin} 开头，请多写几位。"
            f" Several orders begin with {begin}: write more of it."
        )
    raise Impossible(f"没有订单以 {begin} 开头。 No order begins with {begin}.")


def printed(ledger: Ledger, placed: Placed) -> Iterator[str]:
    """An order's history: the quote, what was said, each move, each text and what became of it."""
    order, iso = placed.order, ledger.zone.iso
    came = " ".join(filter(None, (placed.traffic, placed.channel, placed.link, placed.called)))
    yield f"{order.id}  {masked(order.number)}  {came}"
    args = "".join(f" {name}={_shown(str(of))}" for name, of in json.loads(order.args).items())
    yield f"{order.verb} {order.target}{args}"
    authenticated = _AUTHENTICATED.get(order.authenticated, order.authenticated)
    yield (
        f"{_price(order)} 元 yuan, {order.cycle}, 生效 effective {order.effective}, "
        f"资费版本 tariff {order.tariff}, 身份 identity {authenticated}"
    )
    happened = [(order.at, f"{STATES[QUOTED]}  {_shown(order.said)}")]
    happened += [(move.at, _moved(move)) for move in ledger.order_moves(order.id)]
    for text in ledger.order_texts(order):
        happened.append((text.at, f"短信 text  {_shown(text.text)}"))
        happened += _sent(ledger, text)
    for at, what in sorted(happened, key=lambda one: one[0]):
        yield f"{iso(at)}  {what}"


def _moved(move: r.OrderMove) -> str:
    more = []
    if move.reason:
        more.append(move.reason)
    if move.raw:
        more.append(f"BSS: {_shown(move.raw)}")
    if move.receipt:
        more.append(f"BSS 单号 order {move.receipt}")
    if move.reply:
        more.append(f"「{_shown(move.reply)}」")
    if move.heard_ms:
        more.append(f"听了 heard {Decimal(move.heard_ms / 1000, 1, 's')}")
    return "  ".join((str(STATES[move.state]), *more))


def _sent(ledger: Ledger, text: r.Outbox) -> Iterator[tuple[int, str]]:
    for send in ledger.rows(r.OutboxSend, outbox=text.id):
        yield send.at, f"短信 text  {send.status}  {send.error}".rstrip()
    for receipt in ledger.rows(r.Receipt, outbox=text.id):
        yield receipt.at, f"回执 receipt  {receipt.state}  {receipt.error}".rstrip()


def _shown(text: str) -> str:
    """A text on one line, its numbers shortened, what was sealed left out."""
    bare = SEALED.sub("[secret]", " ".join(text.split()))
    return _NUMBER.sub(lambda run: masked(run[0]), bare)
