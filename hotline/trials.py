"""What is done to a trial: started, looked after, stopped, adopted."""

from __future__ import annotations

import logging
from datetime import date
from pathlib import Path
from typing import NamedTuple

from hotline import sitefiles
from hotline.versions import Refused, Versions, check_sources, dump_figures, version_of
from ledger.ledger import Ledger
from ledger.records import Conflict, Serving
from ledger.trial_records import ADOPTED, FINISHED, HARM, STOPPED, Trial, TrialEnd
from menus.digest import SHOWN
from menus.findings import ERROR, Finding
from menus.loader import Sources, UnreadableError, read_sources
from menus.model import Model
from tuning.trial import bill_day_passed, harmed, judge

log = logging.getLogger("hotline.trials")

DAY_MS = 24 * 3600 * 1000
BY_ITSELF = "hotline"
"""The author of an end that nobody asked for."""


class Impossible(ValueError):
    """What was asked of a trial or a version can't be done; the text says why, zh-CN first."""


class Plan(NamedTuple):
    """How a trial is meant: see records.Trial."""

    share: int
    days: int
    expect: int
    traffic: str
    author: str
    note: str


class Candidate(NamedTuple):
    """A checked menus file that does not serve."""

    sources: Sources
    model: Model
    warnings: list[Finding]


def candidate_of(file: Path, site: Path) -> Candidate:
    """The menus file of a candidate with the site's codebooks and audio.

    Raises Refused with all findings when one is an error.
    """
    try:
        sources = read_sources(file, beside=site)
    except UnreadableError as unreadable:
        raise Refused(unreadable.findings) from None
    model, findings = check_sources(sources, site / "prompts")
    if model is None or any(finding.severity == ERROR for finding in findings):
        raise Refused(findings)
    return Candidate(sources, model, findings)


def start(
    ledger: Ledger,
    versions: Versions,
    candidate: Candidate,
    plan: Plan,
    *,
    at: int,
    trial: str,
    salt: str,
) -> Trial:
    """Lets the candidate run beside the serving version from `at` (UTC ms) on.

    `trial` is the id, `salt` what the subscribers are drawn with. Raises Impossible.
    """
    control, digest = versions.serving().digest, candidate.model.digest
    if digest == control:
        raise Impossible(
            "候选文件与现行版本意思相同，没有可比的。"
            " The candidate means the same as the serving version: there is nothing to try."
        )
    share, days, expect, traffic, author, note = plan
    row = Trial(trial, at, control, digest, share, salt, traffic, days, expect, author, note)
    version = version_of(candidate.sources, candidate.model, at, author, note)
    try:
        ledger.start_trial(row, version).result()
    except Conflict:
        raise Impossible(
            "已有试验在运行，或版本刚被更换；请看 hotline trial status。"
            " Another trial runs, or the version has just changed: see hotline trial status."
        ) from None
    versions.follow()
    return row


def look(ledger: Ledger, versions: Versions, now: int, bill_day: int) -> TrialEnd | None:
    """Looks after the running trial: ends it on harm, and when its time is over.

    Any number of processes may look at any time. Returns the end that this one wrote.
    """
    trial = ledger.trial()
    if trial is None or trial.control != ledger.serving():
        return None
    figures = ledger.exposed(trial.id)
    harm = harmed(judge(figures))
    if harm is not None:
        reason, note = f"{HARM}{harm.guard}", f"E = {harm.evidence:.1f}"
    elif is_over(ledger, trial, now, bill_day):
        reason, note = FINISHED, ""
    else:
        return None
    end = TrialEnd(trial.id, now, reason, BY_ITSELF, note, dump_figures(figures))
    written = ledger.end_trial(end).result()
    versions.follow()
    if not written:
        return None
    log.warning("the trial of version %s is over: %s %s", trial.candidate[:SHOWN], reason, note)
    return end


def is_over(ledger: Ledger, trial: Trial, now: int, bill_day: int) -> bool:
    """Whether the planned days are over and a whole bill day is among them."""
    return now >= trial.at + trial.days * DAY_MS and saw_bill_day(ledger, trial, now, bill_day)


def saw_bill_day(ledger: Ledger, trial: Trial, until: int, bill_day: int) -> bool:
    """Whether the trial ran over a whole bill day, in the site's zone."""
    begun, today = (date.fromisoformat(ledger.zone.local(at)[0]) for at in (trial.at, until))
    return bill_day_passed(begun, today, bill_day)


def stop(ledger: Ledger, versions: Versions, trial: Trial, at: int, author: str, note: str) -> None:
    """Ends a trial; the control serves everybody. Raises Impossible when it is over already."""
    figures = dump_figures(ledger.exposed(trial.id))
    _ended(ledger.end_trial(TrialEnd(trial.id, at, STOPPED, author, note, figures)).result())
    versions.follow()


def adopt(
    site: Path, ledger: Ledger, versions: Versions, trial: Trial, at: int, author: str, note: str
) -> list[Path]:
    """Ends a trial and makes its candidate serve, in the record and in the site's files.

    Returns the copies of files that held what no version keeps. Raises Impossible when it is over
    already, Refused when the candidate's audio is gone, sitefiles.Unwritable.
    """
    sources, _ = kept(versions, trial.candidate, site)
    figures = dump_figures(ledger.exposed(trial.id))
    end = TrialEnd(trial.id, at, ADOPTED, author, note, figures)
    with sitefiles.held(site, writing=True):
        draft = sitefiles.Draft(site, sources)
        try:
            serving = Serving(trial.candidate, at, author, note)
            _ended(ledger.end_trial(end, serving).result())
        except BaseException:
            draft.drop()
            raise
        aside = draft.keep(versions.sources(trial.control))
    versions.follow()
    return aside


def kept(versions: Versions, digest: str, site: Path) -> tuple[Sources, Model]:
    """A version of the record, checked with the site's audio.

    Raises Refused with all findings when this release or this audio can't serve it, LookupError
    when the record has no such version.
    """
    sources = Sources(versions.sources(digest))
    model, findings = check_sources(sources, site / "prompts")
    if model is None or any(finding.severity == ERROR for finding in findings):
        raise Refused(findings)
    return sources, model


def _ended(written: bool) -> None:
    if not written:
        raise Impossible(
            "试验刚刚已经结束；请看 hotline trial status。"
            " The trial has just ended: see hotline trial status."
        )
