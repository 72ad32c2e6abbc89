"""How a trial stands, as a report: both arms, the guards, and what it means in a sentence."""

from __future__ import annotations

from collections.abc import Iterable

from hotline.trials import DAY_MS, saw_bill_day
from hotline.versions import load_figures
from ledger.ledger import Ledger
from ledger.trial_records import (
    ADOPTED,
    CANDIDATE,
    CONTROL,
    EDITED,
    FINISHED,
    HARM,
    STOPPED,
    Trial,
    TrialEnd,
)
from ledger.trials import Tried
from menus.digest import SHOWN
from reports.layout import Decimal, Rate, Report, Word
from tuning import trial as test
from tuning.trial import BETTER, ENOUGH, OPEN, Guarded

RUNNING = "running"
TITLE = Word("trial", "试验", "trial")
LIST = Word("trials", "历次试验", "trials")
_GUARDS = {
    "failure": Word("failure", "有失败的用户 (R3)", "subscribers with a failure (R3)"),
    "opt_out": Word("opt_out", "转人工的用户", "subscribers who asked for an agent"),
    "repeat": Word("repeat", "24 小时内重复来问的用户", "subscribers back within 24 h"),
}
_VERDICTS = {
    test.HARM: Word(test.HARM, "候选更差", "candidate worse"),
    BETTER: Word(BETTER, "候选更好", "candidate better"),
    OPEN: Word(OPEN, "看不出差别", "nothing shown"),
}
_ENDS = {
    STOPPED: "已停止，都用对照版本。 Stopped: everybody has the control.",
    ADOPTED: "候选版本已采用。 Adopted: the candidate serves.",
    EDITED: "试验期间换了版本，试验作废。 Another version was made to serve: the trial is void.",
    FINISHED: (
        "计划的天数到了，都用对照版本；要采用，把候选版本写回站点：hotline rollback {candidate}。"
        " Its days are over and everybody has the control; to adopt the candidate:"
        " hotline rollback {candidate}"
    ),
}


def standing(ledger: Ledger, tried: Tried, now: int, bill_day: int) -> Report:
    """A trial that runs, or how one stood at its end; `now` is UTC ms."""
    trial, end = tried
    until = end.at if end else now
    figures = load_figures(end.figures) if end else dict(ledger.exposed(trial.id))
    control, candidate = figures[CONTROL], figures[CANDIDATE]
    guards = test.judge(figures)
    billed = saw_bill_day(ledger, trial, until, bill_day)
    entered = control.entered + candidate.entered
    need = None
    if control.entered and entered:
        need = test.needed(control.failure / control.entered, trial.expect, trial.share / 100)
    facts = {
        **_facts(ledger, trial, end),
        "days": f"{(until - trial.at) / DAY_MS:.1f}/{trial.days}",
        "bill_day": "passed" if billed else "not yet",
        "control_entered": str(control.entered),
        "candidate_entered": str(candidate.entered),
        "needed": "" if need is None else str(need),
        "as_of": ledger.zone.iso(now),
    }
    rows = tuple(
        (
            _GUARDS[guard.guard],
            Rate(guard.control, control.entered),
            Rate(guard.candidate, candidate.entered),
            Decimal(guard.evidence, 1),
            _VERDICTS[guard.verdict],
        )
        for guard in guards
    )
    columns = (
        Word("guard", "护栏", "guard"),
        Word("control", "对照", "control"),
        Word("candidate", "候选", "candidate"),
        Word("evidence", "证据", "evidence E"),
        Word("verdict", "结论", "verdict"),
    )
    if end is None:
        notes = tuple(_meaning(trial, guards, entered, need, billed=billed, bill_day=bill_day))
    else:
        notes = (_ended(trial, end),)
    return Report(TITLE, facts, columns, rows, (*notes, _RULE))


_RULE = (
    f"E ≥ {ENOUGH:.0f} 时护栏有了结论；候选更差就自动退回。"
    f" A guard speaks from E = {ENOUGH:.0f} on; a worse candidate is taken back by itself."
)


def _facts(ledger: Ledger, trial: Trial, end: TrialEnd | None) -> dict[str, str]:
    return {
        "id": trial.id,
        "state": end.reason if end else RUNNING,
        "control": trial.control[:SHOWN],
        "candidate": trial.candidate[:SHOWN],
        "share": f"{trial.share} %",
        "traffic": trial.traffic,
        "since": ledger.zone.iso(trial.at),
        "ended": ledger.zone.iso(end.at) if end else "",
        "author": trial.author,
        "note": trial.note,
    }


def _meaning(
    trial: Trial,
    guards: tuple[Guarded, ...],
    entered: int,
    need: int | None,
    *,
    billed: bool,
    bill_day: int,
) -> Iterable[str]:
    verdicts = {guard.guard: guard.verdict for guard in guards}
    if test.harmed(guards) is not None:
        yield (
            "候选版本更差，一分钟之内自动停止。"
            " The candidate does harm: it is stopped within a minute."
        )
    elif verdicts["failure"] == BETTER:
        yield (
            "候选版本失败更少，可以采用：hotline trial stop --adopt。"
            " Fewer subscribers fail on the candidate. To adopt it: hotline trial stop --adopt"
        )
    else:
        yield "两个版本还看不出差别。 No difference between the versions is shown yet."
        yield _still(trial, entered, need)
    if not billed:
        yield (
            f"账单日（每月 {bill_day} 日）还没有过去，不宜采用。"
            f" No whole bill day (day {bill_day} of the month) is in it yet: too early to adopt."
        )


def _still(trial: Trial, entered: int, need: int | None) -> str:
    if need is None:
        return (
            "对照版本还没有人失败，算不出还要多少用户。"
            " Nobody has failed on the control yet: how many subscribers it takes can't be said."
        )
    expected = f"{trial.expect:+d} %"
    if need <= entered:
        return (
            f"如果真有预期的变化（{expected}），大多已经看得出来了（{need} 个用户）。"
            f" A change as large as expected ({expected}) would most likely have been shown by now"
            f" ({need} subscribers)."
        )
    return (
        f"如果变化如预期（{expected}），大约还要 {need - entered} 个用户才看得出来。"
        f" If the change is as expected ({expected}), about {need - entered} more subscribers have"
        " to come before it shows."
    )


def _ended(trial: Trial, end: TrialEnd) -> str:
    if end.reason.startswith(HARM):
        guard = _GUARDS[end.reason.removeprefix(HARM)]
        return (
            f"候选版本更差（{guard.chinese}，{end.note}），已自动停止，都用对照版本。"
            f" The candidate did harm ({guard.english}, {end.note}):"
            " it was stopped and everybody has the control."
        )
    said = _ENDS[end.reason].format(candidate=trial.candidate[:SHOWN])
    by = " ".join(filter(None, (end.author, end.note)))
    return f"{said} [{by}]" if by else said


def history(ledger: Ledger) -> Report:
    """All trials, the newest first."""
    columns = (
        Word("since", "开始", "since"),
        Word("ended", "结束", "ended"),
        Word("candidate", "候选", "candidate"),
        Word("control", "对照", "control"),
        Word("share", "比例", "share"),
        Word("state", "状态", "state"),
        Word("author", "作者", "author"),
        Word("note", "说明", "note"),
        Word("id", "编号", "id"),
    )
    rows = []
    for tried in ledger.trials():
        facts = _facts(ledger, *tried)
        rows.append(tuple(facts[column.id] for column in columns))
    notes = () if rows else (NONE,)
    return Report(LIST, {}, columns, tuple(rows), notes)


NONE = "还没有过试验。 There has been no trial yet."
