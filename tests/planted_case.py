"""What is planted in the tests of tuning: demands under which it is known what must come out."""

from __future__ import annotations

import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from house_case import ROOT

from hotline import tuning
from hotline.demo.parameters import (
    Again,
    Calendar,
    Demand,
    Keys,
    Parameters,
    Patience,
    People,
    Texts,
)
from hotline.demo.run import Span
from hotline.demo.ways import Ways, target_of
from hotline.durations import durations
from hotline.house import House
from hotline.reporting import Asked, Context
from hotline.tuning import Checked, Proposed, Wish
from menus.model import Menu

MENUS = ("charges", "account")
FEW = 0.02


def doubling(site: Checked) -> dict[str, float]:
    """In each of MENUS every leaf is wanted twice as much as the one announced before it.

    So today's order is about the worst. Hardly anybody wants anything else.
    """
    weights = dict.fromkeys(Ways(site.model).targets, FEW)
    for id_ in MENUS:
        leaves = (target_of(site.model, choice) for choice in _menu(site, id_).choices)
        for n, target in enumerate(filter(None, leaves)):
            weights[target.name] = 2.0**n
    return weights


def even(site: Checked) -> dict[str, float]:
    """Each option is wanted in proportion to its length, so that no order beats another.

    The choice of a language is wanted by nobody and stands last already.
    """
    times = durations(site.model, "zh-CN", site.manifest)
    weights: dict[str, float] = {}

    def share(id_: str, whole: float) -> None:
        lines = zip(_menu(site, id_).choices, times[id_].choices, strict=True)
        used = [(choice, ms) for choice, ms in lines if choice.to != "language"]
        total = sum(ms for _, ms in used)
        for choice, ms in used:
            target = target_of(site.model, choice)
            if target is None:
                share(choice.to, whole * ms / total)
            else:
                weights[target.name] = whole * ms / total

    share(site.model.start["voice"], 1000.0)
    return weights


def _menu(site: Checked, id_: str) -> Menu:
    menu = site.model.nodes[id_]
    assert isinstance(menu, Menu)
    return menu


def plan(weights: dict[str, float], *, patience_s: float = 400) -> Parameters:
    """Callers who want this and nothing else; all wordings are understood alike."""
    return Parameters(
        Demand(weights, {}, {}, {}), patience=Patience(patience_s), keys=Keys(hard={})
    )


def hurried(weights: dict[str, float]) -> Parameters:
    """The same who can't wait long; nearly all call, and few know the keys."""
    return plan(weights, patience_s=30)._replace(
        calendar=Calendar(texts=0.05), people=People(regulars=0.1)
    )


def pure(weights: dict[str, float], seekers: float) -> Parameters:
    """Each contact is another subscriber's, wants something by chance alone, and is not lost.

    So every source that tells of demand tells of the same one. `seekers` is the share that asks
    an agent for it.
    """
    return plan(weights)._replace(
        people=People(each=300, heavy=5, regulars=0),
        keys=Keys(hard={}, recognise=1, misled=0, seekers=seekers),
        texts=Texts(unknown=0, typo=0),
        again=Again(share=0),
    )


def propose(house: House, of: Span, site: Checked) -> Proposed:
    """The tuner's proposal for a site, on the demo traffic of a span."""
    now = datetime.datetime.combine(of.last, datetime.time(12), ZoneInfo(house.settings.zone))
    asked = Asked("demo", of.first.isoformat(), of.last.isoformat())
    context = Context(house.settings, house.ledger, asked, now + datetime.timedelta(days=30))
    return tuning.propose(context, site, Wish())


def site_with(folder: Path, menus: str) -> Path:
    """The shipped site in a folder of its own, with another menus.yaml."""
    folder.mkdir()
    for name in ("prompts", "sms_commands", "topics.yaml"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "menus.yaml").write_text(menus, "utf-8")
    return folder
