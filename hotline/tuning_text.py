"""A proposal for people and for programs: tables in both languages, or JSON data."""

from __future__ import annotations

from typing import Any

import click

from hotline import showing
from hotline.offers import label, leaf_names, menu_ways
from hotline.tuning import Proposed
from menus.model import Menu
from menus.paths import leaf_of
from reports.layout import Report, Word
from reports.topics import SOURCES
from tuning import tables
from tuning.proposal import CHANGE


def show(proposed: Proposed) -> None:
    """Prints the proposal, but for the diff."""
    for report in reports(proposed):
        showing.show(report, "table")
        click.echo()
    if proposed.promoted is not None:
        keys = {id_: brought.key for id_, brought in proposed.brought.items()}
        click.echo(tables.promoted(proposed.promoted, _shortcuts(proposed), keys))


def reports(proposed: Proposed) -> list[Report]:
    """The waterfall, the menus, their gains, and the lines of each menu that is to change."""
    if proposed.fall is None:
        return [tables.nothing(facts(proposed), proposed.traffic)]
    names, renumber = menu_ways(proposed.site.model), proposed.wish.renumber
    return [
        tables.fall(proposed.fall, facts(proposed), _shortcuts(proposed)),
        tables.menus(proposed.menus, names),
        tables.gains(proposed.menus, names, renumber),
        *(
            tables.lines(tuning, names[tuning.menu], _labels(proposed, tuning.menu), renumber)
            for tuning in proposed.menus
            if tables.chosen(tuning, renumber).verdict == CHANGE
        ),
    ]


def facts(proposed: Proposed) -> dict[str, str]:
    """What the proposal rests on."""
    known = proposed.known
    requests = {source: n for source, n in known.requests.items() if n}
    return {
        "traffic": proposed.traffic,
        "days": f"{known.first} – {known.last}" if known.first else "",
        "as_of": proposed.as_of,
        "version": proposed.site.model.digest[:16],
        "language": proposed.wish.language,
        "calls_a_day": f"{known.calls_a_day:.1f}" if known.calls else "",
        "requests": ", ".join(f"{SOURCES[source]} {n}" for source, n in requests.items()),
        "calls_looked_at": str(known.walked or ""),
    }


def _labels(proposed: Proposed, id_: str) -> dict[str, Word]:
    model = proposed.site.model
    menu = model.nodes[id_]
    assert isinstance(menu, Menu)
    return {choice.key: label(model, choice.label) for choice in menu.choices}


def _shortcuts(proposed: Proposed) -> dict[str, Word]:
    """The name of each leaf that may be a shortcut, by the shortcut's id."""
    model = proposed.site.model
    names = leaf_names(model)
    found = {}
    for menu in model.nodes.values():
        for choice in menu.choices if isinstance(menu, Menu) else ():
            if leaf := leaf_of(model, choice):
                found[f"{menu.id}/{choice.key}"] = names[leaf]
    return found


def data(proposed: Proposed) -> dict[str, Any]:
    """The proposal as JSON data, with its diff."""
    known = proposed.known
    return {
        "traffic": proposed.traffic,
        "as_of": proposed.as_of,
        "version": proposed.site.model.digest,
        "language": proposed.wish.language,
        "renumber": proposed.wish.renumber,
        "first_day": known.first,
        "last_day": known.last,
        "calls_a_day": known.calls_a_day,
        "requests": dict(known.requests),
        "calls_looked_at": known.walked,
        **tables.data(proposed.menus, proposed.fall, proposed.promoted),
        "diff": proposed.diff,
    }
