"""The versions of a site as a report, and what stands in them."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping

from hotline.trials import Impossible
from ledger import records
from ledger.counts import CALL, REQUEST
from ledger.ledger import Ledger
from menus.digest import SHOWN
from reports.layout import Report, Word

TITLE = Word("versions", "版本", "versions")
SERVING = Word("serving", "在用", "serving")
TRIED = Word("in_trial", "试验中", "in trial")
KEPT = Word("kept", "保存", "kept")
_COLUMNS = (
    Word("version", "版本", "version"),
    Word("at", "时间", "at"),
    Word("author", "作者", "author"),
    Word("note", "说明", "note"),
    Word("state", "状态", "state"),
    Word("served_at", "最近启用", "last served from"),
    Word("served_by", "启用者", "by"),
    Word("served_note", "启用说明", "why"),
    Word("calls", "通话", "calls"),
    Word("requests", "申请", "requests"),
    Word("waiting", "进行中", "under way"),
)


def listed(ledger: Ledger) -> Report:
    """All versions, the newest first; calls and requests are those of all traffic."""
    serving, trial = ledger.serving(), ledger.trial()
    acts: dict[str, records.Serving] = {}
    for act in ledger.servings():
        acts.setdefault(act.digest, act)
    counts = {(count.digest, count.of): count.n for count in ledger.counts(("digest", "of"))}
    waiting = ledger.waiting()
    rows = []
    for version in sorted(ledger.rows(records.Version), key=lambda row: row.at, reverse=True):
        digest = version.digest
        tried = trial is not None and digest == trial.candidate
        served = acts.get(digest)
        rows.append(
            (
                digest[:SHOWN],
                ledger.zone.iso(version.at),
                version.author,
                version.note,
                SERVING if digest == serving else TRIED if tried else KEPT,
                ledger.zone.iso(served.at) if served else None,
                served.author if served else None,
                served.note if served else None,
                counts.get((digest, CALL), 0),
                counts.get((digest, REQUEST), 0),
                waiting.get(digest, 0),
            )
        )
    notes = () if rows else ("还没有版本。 There is no version yet.",)
    return Report(TITLE, {}, _COLUMNS, tuple(rows), notes)


def whole(ledger: Ledger, prefix: str) -> str:
    """The digest of the one version that begins so; raises Impossible."""
    known = ledger.digests()
    found = [digest for digest in known if digest.startswith(prefix)]
    if len(found) == 1:
        return found[0]
    shown = ", ".join(digest[:SHOWN] for digest in found or known) or "—"
    what = ("不止一个版本", "Several versions") if found else ("没有版本", "No version")
    raise Impossible(
        f"{what[0]}以 {prefix} 开头，现有：{shown}。 {what[1]} begin with {prefix}: {shown}"
    )


def printed(sources: Mapping[str, str]) -> Iterator[str]:
    """A version's texts; more than one are told apart by a line with the name."""
    for name, text in sources.items():
        if len(sources) > 1:
            yield f"# ---- {name}"
        yield from text.splitlines()


def compared(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    """What differs between two versions, file by file, as a unified diff."""
    for name in sorted({*old, *new}):
        before, after = (side.get(name, "").splitlines() for side in (old, new))
        yield from difflib.unified_diff(before, after, f"a/{name}", f"b/{name}", lineterm="")
