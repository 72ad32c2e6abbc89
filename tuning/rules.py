"""tuning.yaml of a site: what tuning must keep to, and what a change of keys costs.

Read as strictly as menus.yaml: bad content never raises, all findings come at once. The file is no
part of a menus version and a site may do without it. Options are named by their labels, which
stay when keys and order change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from menus.findings import ERROR, Finding, errors, hint, in_order
from menus.loader import checked, read_text
from menus.model import Menu, Model, Place
from menus.paths import paths
from menus.schema import BOOLEAN, FORMAT, NODE, TEXT_ID
from menus.shape import BadWordError, Record, Rows, Table, Word
from menus.yaml_marks import Tree, parse
from tuning.lineup import ImpossibleError, Lineup, Option
from tuning.order import best

TUNING_FILE = "tuning.yaml"
TIME, SUCCESS = "time", "success"
COPIED, MOVED = "copied", "moved"


def _positive(text: str) -> float:
    if float(text) <= 0:
        raise BadWordError(text)
    return float(text)


def _place(text: str) -> int:
    if int(text) < 1:
        raise BadWordError(text)
    return int(text)


_NUMBER = r"\d{1,6}(?:\.\d{1,3})?"
_DAYS = Word("天数，大于 0", "days, more than 0", _NUMBER, convert=_positive, also=("number",))
_SECONDS = Word("秒数，例如 0.5", "seconds, such as 0.5", _NUMBER, convert=float, also=("number",))
_COUNT = Word("0 到 9", "0 to 9", r"\d", convert=int, also=("integer",))
_NTH = Word("第几个，从 1 数起", "a place, from 1", r"\d{1,2}", convert=_place, also=("integer",))
_LEAF = Word(
    "末端，例如 balance 或 enable/caller_id",
    "a leaf such as balance or enable/caller_id",
    r"[a-z][a-z0-9_]*(?:/[A-Za-z0-9_.-]+)*",
)
_LABELS = Rows(TEXT_ID, 1)
_LISTS = Rows(Rows(TEXT_ID, 2), 1)

TUNING = Record(
    {
        "format": FORMAT,
        "horizon_days": _DAYS,
        "relearning": Record({"seconds": _SECONDS, "days": _DAYS}),
        "least_seconds": _SECONDS,
        "aim": Word("time 或 success", "time or success", oneof=(TIME, SUCCESS)),
        "shortcuts": Record(
            {
                "most": _COUNT,
                "how": Word("copied 或 moved", "copied or moved", oneof=(COPIED, MOVED)),
                "labels": Table(_LEAF, TEXT_ID),
            }
        ),
        "menus": Table(
            NODE,
            Record(
                {
                    "fixed": BOOLEAN,
                    "first": _LABELS,
                    "last": _LABELS,
                    "at": Table(_NTH, TEXT_ID),
                    "together": _LISTS,
                    "before": _LISTS,
                    "keep_keys": _LABELS,
                }
            ),
        ),
    },
    ("format",),
)
"""The shape of the file, for its reader and for editors."""


class MenuRules(NamedTuple):
    """What holds for one menu. Options are labels; `at` counts places from 1.

    `fixed`: nothing is moved. `first` and `last` are pinned to the ends in this order. `before`
    has lists: each label is announced somewhere before the next one of its list.
    """

    fixed: bool = False
    first: tuple[str, ...] = ()
    last: tuple[str, ...] = ()
    at: Mapping[int, str] = {}
    together: tuple[tuple[str, ...], ...] = ()
    before: tuple[tuple[str, ...], ...] = ()
    keep_keys: tuple[str, ...] = ()


class Rules(NamedTuple):
    """A site's tuning.yaml, or the defaults of a site without one.

    A caller whose key changes loses `relearn_seconds` on each call for `relearn_days`; what a
    change gains and costs is reckoned over `horizon_days`. A change that saves less than
    `least_seconds` on each call through its menu is none. `labels`: what a leaf is called at the
    top.
    """

    horizon_days: float = 90
    relearn_seconds: float = 5
    relearn_days: float = 30
    least_seconds: float = 0.1
    aim: str = TIME
    shortcuts: int = 2
    moved: bool = False
    labels: Mapping[str, str] = {}
    menus: Mapping[str, MenuRules] = {}

    @property
    def relearn(self) -> float:
        """P: what a changed key costs a regular, in seconds a call, averaged over the horizon."""
        return self.relearn_seconds * min(self.relearn_days / self.horizon_days, 1)

    def of(self, menu: str) -> MenuRules:
        """The rules of one menu."""
        return self.menus.get(menu, _FREE)


_FREE = MenuRules()


def load_rules(site: Path, model: Model) -> tuple[Rules | None, list[Finding]]:
    """The rules of a site's folder, and what was found; None when an error is among it.

    `model` is the site's: a menu, option or leaf that it does not have is an error, and so are
    rules that no order keeps to. Without the file the defaults hold.
    """
    if not (site / TUNING_FILE).exists():
        return Rules(), []
    found: list[Finding] = []
    text = read_text(site / TUNING_FILE, TUNING_FILE, found)
    if text is None:
        return None, found
    tree, wrong = parse(TUNING_FILE, text)
    found += wrong
    values = checked(tree, TUNING, found)
    if values is None:
        return None, in_order(found)
    rules = _rules(values)
    found += [*_shortcuts(tree, rules, model), *_menus(tree, rules, model)]
    return (None if errors(found) else rules), in_order(found)


def _rules(values: Mapping[str, Any]) -> Rules:
    relearning, shortcuts = values.get("relearning", {}), values.get("shortcuts", {})
    plain = Rules()
    return Rules(
        values.get("horizon_days", plain.horizon_days),
        relearning.get("seconds", plain.relearn_seconds),
        relearning.get("days", plain.relearn_days),
        values.get("least_seconds", plain.least_seconds),
        values.get("aim", plain.aim),
        shortcuts.get("most", plain.shortcuts),
        shortcuts.get("how") == MOVED,
        shortcuts.get("labels", {}),
        {menu: _menu_rules(row) for menu, row in values.get("menus", {}).items()},
    )


def _menu_rules(row: Mapping[str, Any]) -> MenuRules:
    return MenuRules(
        row.get("fixed", False),
        tuple(row.get("first", ())),
        tuple(row.get("last", ())),
        row.get("at", {}),
        tuple(map(tuple, row.get("together", ()))),
        tuple(map(tuple, row.get("before", ()))),
        tuple(row.get("keep_keys", ())),
    )


def constrained(lineup: Lineup, rules: MenuRules, ids: Mapping[str, str]) -> Lineup:
    """A lineup of choices that keeps to a menu's rules too; `ids` has each label's option.

    Pins that the lineup has (its reserved keys) stay at the end, behind the rules' last ones. A
    fixed menu has all its options pinned.
    """
    reserved = len(lineup.pins)
    if rules.fixed:
        return lineup._replace(pins={**{id_: n for n, id_ in enumerate(lineup.ids)}, **lineup.pins})
    last = {ids[label]: n - len(rules.last) - reserved for n, label in enumerate(rules.last)}
    at = {ids[label]: place - 1 for place, label in rules.at.items()}
    first = {ids[label]: n for n, label in enumerate(rules.first)}
    return lineup._replace(
        pins={**last, **at, **first, **lineup.pins},
        groups=tuple(tuple(ids[label] for label in group) for group in rules.together),
        before=tuple((ids[a], ids[b]) for row in rules.before for a, b in pairwise(row)),
        kept=lineup.kept | {ids[label] for label in rules.keep_keys},
    )


# -- what may be wrong -----------------------------------------------------------------------------


def _finding(code: str, place: Place, zh: str, en: str) -> Finding:
    return Finding(code, ERROR, place, zh, en)


def _unknown(code: str, place: Place, what: tuple[str, str], word: str, known: Any) -> Finding:
    near = hint(word, known)
    return _finding(
        code,
        place,
        f"{what[0]} {word}。{near['hint_zh']}",
        f"{what[1]} {word}.{near['hint_en']}",
    )


def _shortcuts(tree: Tree, rules: Rules, model: Model) -> Iterator[Finding]:
    leaves = paths(model)
    for leaf, label in rules.labels.items():
        place = tree.key("shortcuts", "labels", leaf)
        if leaf not in leaves:
            said = ("没有按键可到的末端", "No key leads to a leaf")
            yield _unknown("tuning_unknown_leaf", place, said, leaf, leaves)
        if label not in model.texts:
            place = tree.at("shortcuts", "labels", leaf)
            said = ("menus.yaml 没有文本", "menus.yaml has no text")
            yield _unknown("tuning_unknown_text", place, said, label, model.texts)


def _menus(tree: Tree, rules: Rules, model: Model) -> Iterator[Finding]:
    menus = [node.id for node in model.nodes.values() if isinstance(node, Menu)]
    for id_, menu_rules in rules.menus.items():
        menu = model.nodes.get(id_)
        if isinstance(menu, Menu):
            yield from _menu(tree, menu, menu_rules)
        else:
            place = tree.key("menus", id_)
            said = ("menus.yaml 没有菜单", "menus.yaml has no menu")
            yield _unknown("tuning_unknown_menu", place, said, id_, menus)


def _menu(tree: Tree, menu: Menu, rules: MenuRules) -> Iterator[Finding]:
    labels = [choice.label for choice in menu.choices]
    unknown = False
    for path, label in _named(rules):
        if labels.count(label) != 1:
            unknown = True
            place = tree.at("menus", menu.id, *path)
            if label in labels:
                yield _finding(
                    "tuning_twice",
                    place,
                    f"{menu.id} 有两个选项叫 {label}，说不清是哪一个；请给它们不同的 label。",
                    f"Two options of {menu.id} are called {label}: give them labels of their own.",
                )
            else:
                said = (f"{menu.id} 没有选项", f"{menu.id} has no option")
                yield _unknown("tuning_unknown_option", place, said, label, labels)
    if not unknown and not _possible(menu, rules):
        yield _finding(
            "tuning_impossible",
            tree.key("menus", menu.id),
            f"没有一种次序同时满足 {menu.id} 的这些规则；请删去互相矛盾的。",
            f"No order keeps to all these rules of {menu.id}: take out what contradicts the rest.",
        )


def _named(rules: MenuRules) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every label that a menu's rules name, and where."""
    for key, row in (
        ("first", rules.first), ("last", rules.last), ("keep_keys", rules.keep_keys),
    ):  # fmt: skip
        yield from (((key, n), label) for n, label in enumerate(row))
    yield from ((("at", str(place)), label) for place, label in rules.at.items())
    for key, rows in (("together", rules.together), ("before", rules.before)):
        for n, row in enumerate(rows):
            yield from (((key, n, m), label) for m, label in enumerate(row))


def _possible(menu: Menu, rules: MenuRules) -> bool:
    pinned: Sequence[str] = (*rules.first, *rules.last, *rules.at.values())
    if len(set(pinned)) < len(pinned):
        return False
    ids = {choice.label: choice.key for choice in menu.choices}
    options = tuple(Option(choice.key, 0, 1) for choice in menu.choices)
    try:
        best(constrained(Lineup(options, barge_in=0), rules, ids))
    except ImpossibleError:
        return False
    return True
