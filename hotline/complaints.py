"""The file of complaints for staff: what is open, what is due and overdue, and what was done."""

from __future__ import annotations

from collections.abc import Iterator

from dialog.complaints import HOURS, ORDINARY, due
from hotline.trials import Impossible
from hotline.vault import Vault
from ledger.complaint_records import CLOSED, RAISED, ComplaintMove
from ledger.complaints import Filed
from ledger.ledger import Ledger
from ledger.zone import Zone
from reports.layout import Report, Word

TITLE = Word("complaints", "投诉", "complaints")
LEVELS = {
    level: Word(level, chinese, level)
    for level, chinese in (("ordinary", "一般"), ("province", "省级"), ("national", "全国"))
}
OPEN = Word("open", "待答复", "open")
OVERDUE = Word("overdue", "已超时", "overdue")
IN_TIME = Word("closed", "已答复", "closed")
LATE = Word("closed_late", "超时答复", "closed late")
_COLUMNS = (
    Word("receipt", "受理编号", "receipt"),
    Word("at", "收到", "came"),
    Word("level", "级别", "level"),
    Word("due", "时限", "due"),
    Word("state", "状态", "state"),
    Word("number", "号码", "number"),
)


def listed(
    ledger: Ledger, now: int, traffic: str, *, overdue: bool = False, closed: bool = False
) -> Report:
    """The open complaints, what is due first on top; `closed` ones too, or `overdue` ones only."""
    found = [
        (due(filed.complaint.at, _level(filed)), filed)
        for filed in ledger.complaints(traffic)
        if (closed or filed.closed_at is None)
    ]
    rows = tuple(
        _row(ledger.zone, filed, by, now)
        for by, filed in sorted(found, key=lambda one: (one[1].closed_at is not None, one[0]))
        if not overdue or (filed.closed_at or now) > by
    )
    notes = () if rows else ("没有这样的投诉。 There are none.",)
    return Report(TITLE, {"traffic": traffic}, _COLUMNS, rows, notes)


def _row(zone: Zone, filed: Filed, by: int, now: int) -> tuple[str | Word, ...]:
    complaint = filed.complaint
    if filed.closed_at is None:
        state = OVERDUE if now > by else OPEN
    else:
        state = LATE if filed.closed_at > by else IN_TIME
    shown = f"{complaint.number[:3]}****{complaint.number[-4:]}"
    level = LEVELS[_level(filed)]
    return complaint.id, zone.iso(complaint.at), level, zone.iso(by), state, shown


def _level(filed: Filed) -> str:
    return filed.level or ORDINARY


def found(ledger: Ledger, receipt: str) -> Filed:
    """The complaint of a receipt number, however it was typed; raises Impossible."""
    filed = ledger.complaint(receipt.strip().upper())
    if filed is None:
        raise Impossible(f"没有受理编号 {receipt}。 There is no receipt {receipt}.")
    return filed


def printed(ledger: Ledger, vault: Vault, filed: Filed) -> Iterator[str]:
    """A complaint in full: who, when, in their own words, and what was done."""
    complaint, zone = filed.complaint, ledger.zone
    yield f"{complaint.id}  {zone.iso(complaint.at)}  {complaint.number} → {complaint.called}"
    level = _level(filed)
    yield f"{LEVELS[level]}  {HOURS[level]} h, 时限 due {zone.iso(due(complaint.at, level))}"
    yield vault.open(complaint.text)
    moves = ledger.rows(ComplaintMove, complaint=complaint.id)
    for move in sorted(moves, key=lambda move: move.at):
        what = LEVELS[move.level] if move.state == RAISED else IN_TIME
        yield f"{zone.iso(move.at)}  {what}  {move.author}  {move.note}"


def escalate(ledger: Ledger, filed: Filed, level: str, at: int, author: str, note: str) -> None:
    """Raises an open complaint to a higher level; raises Impossible for any other."""
    _check_open(filed)
    if HOURS[level] <= HOURS[_level(filed)]:
        raise Impossible(f"已经是 {_level(filed)}。 It is on that level or a higher one already.")
    move = ComplaintMove(filed.complaint.id, at, RAISED, level, author, note)
    ledger.append([move]).result()


def close(ledger: Ledger, filed: Filed, at: int, author: str, note: str) -> None:
    """Records that a complaint was answered, and how; raises Impossible when it was before."""
    _check_open(filed)
    move = ComplaintMove(filed.complaint.id, at, CLOSED, "", author, note)
    ledger.append([move]).result()


def _check_open(filed: Filed) -> None:
    if filed.closed_at is not None:
        raise Impossible("这件投诉已经答复。 That complaint is closed already.")
