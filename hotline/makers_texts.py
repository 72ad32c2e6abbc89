"""Maker of the report on texts that spelt no code."""

from __future__ import annotations

from dialog.events import Profile
from hotline.reporting import Context
from ledger.counts import Wanted
from menus.keywords import SUGGESTED, Index, Match
from reports import texts as texts_report
from reports.layout import Report, Unanswerable, both


def texts(context: Context) -> Report:
    """Codes that people want and that there are not."""
    asked, model = context.asked, context.serving()
    if model is None:
        raise Unanswerable(
            both(
                "没有可用的菜单版本：请先运行 hotline check。",
                "No menus version: run hotline check.",
            )
        )
    where, least = asked.options["where"], int(asked.options["least"])
    wanted, whole = context.ledger.wanted(asked.first, asked.last, asked.traffic, where, least)
    if not whole:
        context.check(where)
    at_ms = int(context.now.timestamp() * 1000)
    found = [_looked_up(model.index, text, at_ms) for text in wanted]
    basis = context.basis._replace(where=where)
    return texts_report.texts(found, whole, basis, least=least)


def _looked_up(index: Index, wanted: Wanted, at_ms: int) -> texts_report.Looked:
    """What it may have meant for those who sent it, and what it is by now."""
    meant: dict[str, None] = {}
    leaf = ""
    for one in wanted.of:  # the kind that sent it most comes first
        profile = Profile("", one.operator, one.brand, province=one.province)
        match = index.match(wanted.text, called=wanted.called, profile=profile, at_ms=at_ms)
        if isinstance(match, Match):
            leaf = leaf or "/".join((match.code.node, *match.code.constants.values()))
        near = index.suggest(wanted.text, called=wanted.called, profile=profile, at_ms=at_ms)
        meant |= dict.fromkeys(near)
    return texts_report.Looked(wanted, tuple(meant)[:SUGGESTED], leaf)
