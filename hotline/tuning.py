"""Tuning of a site: its menus and its record in, a proposal and a changed menus.yaml out.

The arithmetic is in the room tuning; here it meets files, the record and chance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from hotline import sitefiles
from hotline.callers import Known, callers_of
from hotline.durations import UnrecordedError, choice_ms, durations
from hotline.reporting import Context
from hotline.speech import Speech
from hotline.versions import Refused, Versions, check, check_sources
from ivr.manifest import Manifest, load_manifest
from menus.edits import applied, diff, edited
from menus.findings import ERROR, hint
from menus.loader import MENUS_FILE, read_sources
from menus.model import Menu, Model
from menus.paths import leaf_of
from reports.layout import Unanswerable, both
from tuning.edits import Brought, edits
from tuning.promotion import Promotion, promotion
from tuning.proposal import Asked, MenuTuning, tuned
from tuning.rules import Rules, load_rules
from tuning.shortcut_limits import Shortcut
from tuning.site import KEYS, Site, site_tree
from tuning.tree import demand, filled
from tuning.waterfall import Waterfall, waterfall

SEED = 20080331
"""Of the posterior's draws: the same record gives the same proposal."""


class Wish(NamedTuple):
    """What is asked for: menus (none: all), keys given out anew, shortcuts (None: not asked).

    `language` is whose audio is timed, "" the site's first.
    """

    language: str = ""
    menus: tuple[str, ...] = ()
    renumber: bool = False
    shortcuts: int | None = None


class Checked(NamedTuple):
    """A site whose files have no error."""

    folder: Path
    sources: dict[str, str]
    model: Model
    rules: Rules
    manifest: Manifest


class Proposed(NamedTuple):
    """A proposal: `fall` is None when nothing is known of demand.

    `brought` has the shortcuts that are promoted, by id; `after` is the changed menus.yaml and
    `new` its checked model, None when nothing is to be changed.
    """

    site: Checked
    traffic: str
    as_of: str
    known: Known
    wish: Wish
    menus: tuple[MenuTuning, ...]
    fall: Waterfall | None
    promoted: Promotion | None
    brought: dict[str, Brought]
    after: str
    new: Model | None

    @property
    def diff(self) -> str:
        """What is to be changed, "" when nothing is."""
        return diff(self.site.sources[MENUS_FILE], self.after)


def checked_site(folder: Path) -> Checked:
    """A site's checked files. Raises Refused with all findings when one is an error."""
    model, findings = check(folder)
    if model is None or any(found.severity == ERROR for found in findings):
        raise Refused(findings)
    rules, findings = load_rules(folder, model)
    if rules is None:
        raise Refused(findings)
    sources = dict(read_sources(folder))
    return Checked(folder, sources, model, rules, load_manifest(folder / "prompts"))


def propose(context: Context, site: Checked, wish: Wish) -> Proposed:
    """The proposal for a site.

    Raises evidence.BadTopicsError, EditError, Unanswerable, UnrecordedError.
    """
    import numpy as np

    model, rules = site.model, site.rules
    wish = _possible(model, wish)
    times = durations(model, wish.language, site.manifest)
    speech = Speech(context.model, site.manifest)
    known, callers = callers_of(context, model, speech)
    tree = site_tree(model, times, callers, rules)
    asked = Asked(rules, known.calls_a_day, np.random.default_rng(SEED))
    menus = tuned(tree, callers, asked)
    if wish.menus:
        menus = tuple(menu for menu in menus if menu.menu in wish.menus)
    shortcuts = candidates(site, tree, wish.language)
    most = min(rules.shortcuts, len(free_keys(model)))
    fall = waterfall(tree.tree, [c for c, _ in shortcuts], most) if _demanded(tree) else None
    promoted, brought = None, {}
    if wish.shortcuts is not None:
        most = min(wish.shortcuts, len(free_keys(model)))
        promoted = promotion(tree, [c for c, _ in shortcuts], most, rules)
        brought = _brought(model, promoted, dict(shortcuts))
    changes = edits(
        model, menus, renumber=wish.renumber, promoted=promoted, brought=brought, moved=rules.moved
    )
    after = edited(site.sources[MENUS_FILE], changes)
    new = _held_to(site, after, applied(model, changes).digest) if changes else None
    return Proposed(
        site,
        context.asked.traffic,
        context.now.isoformat(timespec="seconds"),
        known,
        wish,
        menus,
        fall,
        promoted,
        brought,
        after,
        new,
    )


def _possible(model: Model, wish: Wish) -> Wish:
    """The wish with its language. Raises Unanswerable for a language or menu that there is not."""
    wish = wish._replace(language=wish.language or model.languages[0])
    if wish.language not in model.languages:
        listed = ", ".join(model.languages)
        raise Unanswerable(
            both(
                f"没有语言 {wish.language}，有：{listed}。",
                f"There is no language {wish.language}; there are {listed}.",
            )
        )
    menus = [node.id for node in model.nodes.values() if isinstance(node, Menu)]
    for menu in wish.menus:
        if menu not in menus:
            near = hint(menu, menus)
            raise Unanswerable(
                both(
                    f"没有菜单 {menu}。{near['hint_zh']}",
                    f"There is no menu {menu}.{near['hint_en']}",
                )
            )
    return wish


def _demanded(site: Site) -> float:
    tree = filled(site.tree)
    return demand(tree.menus[tree.root].lineup)


def _held_to(site: Checked, after: str, digest: str) -> Model:
    """The model of the edited file: it must pass the check and mean exactly what was proposed."""
    model, findings = check_sources({**site.sources, MENUS_FILE: after}, site.folder / "prompts")
    if model is None or any(found.severity == ERROR for found in findings):
        raise Refused(findings)
    if model.digest != digest:
        raise AssertionError("the edited menus.yaml means something else than was proposed")
    return model


def apply(
    proposed: Proposed, model: Model, versions: Versions, author: str, note: str
) -> list[Path]:
    """Writes the changed menus.yaml and makes `model`, the proposal's new one, serve.

    Returns the copies that were made of files that no version keeps. Raises sitefiles.Unwritable,
    MovedError when the files were changed meanwhile; then the site and what serves are as before.
    """
    site = proposed.site
    sources = {**site.sources, MENUS_FILE: proposed.after}
    with sitefiles.held(site.folder, writing=True):
        if read_sources(site.folder) != site.sources:
            raise MovedError
        draft = sitefiles.Draft(site.folder, sources)
        try:
            versions.publish(sources, model, author, note)
        except BaseException:
            draft.drop()
            raise
        return draft.keep(site.sources)


class MovedError(RuntimeError):
    """The site's files changed between the proposal and its writing."""


# -- shortcuts -------------------------------------------------------------------------------------


def free_keys(model: Model) -> list[str]:
    """The keys that the top menu has left, in the order in which they are given out."""
    top = model.nodes[model.start["voice"]]
    assert isinstance(top, Menu)
    own = top.own.keys if top.own is not None else ()
    taken = {choice.key for choice in top.choices} | set(top.reserved) | set(own)
    return [key for key in KEYS if key not in taken and key.isdigit()]


def candidates(site: Checked, tree: Site, language: str) -> list[tuple[Shortcut, Brought]]:
    """The leaves that may be announced at the top too.

    Those that tuning.yaml has a label for, and those one menu below the top whose label is no
    other line's: deeper down a label says too little by itself. All have audio.
    """
    model, labels = site.model, site.rules.labels
    keys = free_keys(model)
    if not keys:
        return []
    top = tree.tree.root
    below = set(tree.tree.menus[top].to.values())
    lines = [
        (id_, n, choice)
        for id_ in tree.tree.menus
        for n, choice in enumerate(_menu(model, id_).choices)
    ]
    said = Counter(choice.label for _, _, choice in lines)
    found = []
    for id_, n, choice in lines:
        leaf = leaf_of(model, choice)
        label = labels.get(leaf, choice.label)
        plain = id_ in below and said[label] == 1
        if not leaf or id_ == top or not (plain or leaf in labels):
            continue
        if site.rules.moved and (id_ in site.rules.menus or len(_menu(model, id_).choices) == 1):
            continue  # a line that a rule holds, or the last one, stays
        try:
            ms = choice_ms(model, language, site.manifest, label, keys[0])
        except UnrecordedError:
            continue
        shortcut = Shortcut(f"{id_}/{choice.key}", id_, choice.key, ms / 1000)
        found.append((shortcut, Brought(id_, n, "", label if leaf in labels else "")))
    return found


def _menu(model: Model, id_: str) -> Menu:
    menu = model.nodes[id_]
    assert isinstance(menu, Menu)
    return menu


def _brought(
    model: Model, promoted: Promotion, lines: dict[Shortcut, Brought]
) -> dict[str, Brought]:
    """The promoted lines with the keys that they get, in the order in which they are announced."""
    chosen: Sequence[Shortcut] = sorted(
        promoted.shortcuts, key=lambda shortcut: promoted.top.index(shortcut.id)
    )
    return {
        shortcut.id: lines[shortcut]._replace(key=key)
        for shortcut, key in zip(chosen, free_keys(model), strict=False)
    }
