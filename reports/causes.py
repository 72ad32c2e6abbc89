"""Class and cause of a failure, out of the versioned table in causes.yaml.

The record keeps reasons; what they mean for the hotline is judged here, when a report is made.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from dialog.outcomes import FAILED_REASONS, REFUSED_REASONS, UNKNOWN
from reports.layout import Word

SHIPPED = Path(__file__).with_name("causes.yaml")

SYSTEM = "system"
OPERATION = "operation"
RULE = "rule"
CLASSES = (SYSTEM, OPERATION, RULE)

TRAFFIC = ("real", "rehearsal", "dialtest", "demo", "replay")
LANGUAGES = ("zh-CN", "en")

FAILURES = "failures"
LOSSES = "losses"
REFUSALS = "refusals"
REASONS: Mapping[str, tuple[str, ...]] = {
    FAILURES: (*FAILED_REASONS, UNKNOWN),
    LOSSES: ("agent", "caller", "hotline", "network"),
    REFUSALS: REFUSED_REASONS,
}
"""What each list of rules must cover; `unknown` is a change without an answer for over 24 h."""

PRE_LEAF = "pre_leaf:"
"""Stands before the reason of a loss, which is who ended the call."""


class BadCausesError(ValueError):
    """A table that can't be used; the message names the file and what to mend."""


_GUIDED = {
    True: "有过错误或重听 after errors or repeats",
    False: "没有错误和重听 without errors or repeats",
}


class Cause(NamedTuple):
    """A class and, within it, a cause."""

    of: Word  # the class
    cause: Word


class Rule(NamedTuple):
    """One row: empty parts fit everything, `guided` None too."""

    reasons: frozenset[str]
    guided: bool | None
    traffic: frozenset[str]
    cause: Cause

    def fits(self, reason: str, guided: bool, traffic: str) -> bool:
        """Whether each part of the row fits."""
        return (
            (not self.reasons or reason in self.reasons)
            and (self.guided is None or self.guided is guided)
            and (not self.traffic or traffic in self.traffic)
        )

    def told(self, reasons: Collection[str]) -> str:
        """The row for a reader, with those of its reasons that matter."""
        parts = [", ".join(sorted(reasons))]
        if self.guided is not None:
            parts.append(_GUIDED[self.guided])
        if self.traffic:
            parts.append(f"({', '.join(sorted(self.traffic))})")
        return f"{' '.join(parts)} → {self.cause.cause}"


class Causes(NamedTuple):
    """The table. `rules` has the lists failures, losses and refusals."""

    version: str
    rules: Mapping[str, tuple[Rule, ...]]

    def failure(self, reason: str, *, guided: bool, traffic: str) -> Cause:
        """The cause of a failed request, or of one `unknown` for too long.

        >>> str(load().failure("no_input", guided=True, traffic="real").cause)
        '自助语音引导性差 prompts guide badly'
        """
        return self.of(FAILURES, reason, guided=guided, traffic=traffic)

    def loss(self, reason: str, *, guided: bool, traffic: str) -> Cause:
        """The cause of a call that ended before any leaf: by agent | caller | hotline | network."""
        return self.of(LOSSES, reason, guided=guided, traffic=traffic)

    def refusal(self, reason: str) -> Cause:
        """The rule behind a refused request; not a failure."""
        return self.of(REFUSALS, reason, guided=False, traffic=TRAFFIC[0])

    def of(self, kind: str, reason: str, *, guided: bool, traffic: str) -> Cause:
        """The cause by one of the lists FAILURES, LOSSES and REFUSALS."""
        return self.rules[kind][self._row(kind, reason, guided, traffic)].cause

    def applied(self, cases: Collection[tuple[str, str, bool, str]]) -> list[str]:
        """The rows that judge these cases (list, reason, guided, traffic), for a reader."""
        met: dict[tuple[str, int], set[str]] = {}
        for case in cases:
            kind, reason = case[:2]
            said = f"{PRE_LEAF}{reason}" if kind == LOSSES else reason
            met.setdefault((kind, self._row(*case)), set()).add(said)
        order = sorted(met, key=lambda row: (list(REASONS).index(row[0]), row[1]))
        return [self.rules[kind][n].told(met[kind, n]) for kind, n in order]

    def _row(self, kind: str, reason: str, guided: bool, traffic: str) -> int:
        for n, rule in enumerate(self.rules[kind]):
            if rule.fits(reason, guided, traffic):
                return n
        raise ValueError(f"{kind}: nothing covers {reason!r} in {traffic} traffic")


@lru_cache(maxsize=4)
def load(path: Path = SHIPPED) -> Causes:
    """The table in a file, checked.

    Raises BadCausesError for anything that it does not know, a reason that no row covers and a
    row that can never be reached.
    """
    try:
        with path.open(encoding="utf-8") as file:
            table = yaml.load(file, _Strict)  # noqa: S506 - a BaseLoader: makes strings only
    except yaml.YAMLError as error:
        raise BadCausesError(f"{path}: {error}") from None
    except OSError as error:
        raise BadCausesError(f"{path} can't be read: {error.strerror}") from None
    try:
        return _causes(table)
    except BadCausesError as error:
        raise BadCausesError(f"{path.name}: {error}") from None


class _Strict(yaml.BaseLoader):
    """Every scalar a string (`yes` would be True otherwise), duplicate keys refused."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [key.value for key, _ in node.value]
        if twice := {key for key in keys if keys.count(key) > 1}:
            raise yaml.constructor.ConstructorError(
                None, None, f"twice in one place: {', '.join(sorted(twice))}", node.start_mark
            )
        return super().construct_mapping(node, deep)


def _causes(table: Any) -> Causes:
    _keys(table, "the file", {"version", "classes", "causes", *REASONS})
    version = table["version"]
    if not isinstance(version, str) or not version:
        raise BadCausesError("version: a text is needed, such as '1'")
    _keys(table["classes"], "classes", set(CLASSES))
    classes = {name: _word(name, row, "classes") for name, row in table["classes"].items()}
    causes: dict[str, Cause] = {}
    if not isinstance(table["causes"], dict):
        raise BadCausesError("causes: a mapping is needed")
    for name, row in table["causes"].items():
        word = _word(name, row, "causes", "class")
        of = row["class"]
        if of not in classes:
            raise BadCausesError(f"causes.{name}: no such class: {of}; use {', '.join(CLASSES)}")
        causes[name] = Cause(classes[of], word)
    rules = {kind: _rules(kind, table[kind], causes) for kind in REASONS}
    used = {rule.cause.cause.id for rows in rules.values() for rule in rows}
    if unused := sorted(causes.keys() - used):
        raise BadCausesError(f"causes that no rule leads to: {', '.join(unused)}")
    return Causes(version, rules)


def _keys(row: Any, where: str, needed: set[str], optional: frozenset[str] = frozenset()) -> None:
    if not isinstance(row, dict):
        raise BadCausesError(f"{where}: a mapping is needed")
    if missing := sorted(needed - row.keys()):
        raise BadCausesError(f"{where}: missing: {', '.join(missing)}")
    if unknown := sorted(row.keys() - needed - optional):
        raise BadCausesError(f"{where}: unknown: {', '.join(unknown)}")


def _word(name: str, row: Any, where: str, *more: str) -> Word:
    _keys(row, f"{where}.{name}", {*LANGUAGES, *more})
    chinese, english = (row[language] for language in LANGUAGES)
    if not (isinstance(chinese, str) and isinstance(english, str) and chinese and english):
        raise BadCausesError(f"{where}.{name}: a name in each of {', '.join(LANGUAGES)} is needed")
    return Word(name, chinese, english)


def _rules(kind: str, rows: Any, causes: Mapping[str, Cause]) -> tuple[Rule, ...]:
    if not isinstance(rows, list):
        raise BadCausesError(f"{kind}: a list of rows is needed")
    rules = []
    for n, row in enumerate(rows, 1):
        where = f"{kind}, row {n}"
        _keys(row, where, {"cause"}, frozenset(("reason", "guided", "traffic")))
        cause = causes.get(row["cause"])
        if cause is None:
            raise BadCausesError(f"{where}: no such cause: {row['cause']}")
        if (cause.of.id == RULE) is not (kind == REFUSALS):
            raise BadCausesError(f"{where}: class rule is for refusals, and they have no other")
        if row.get("guided", "yes") not in ("yes", "no"):
            raise BadCausesError(f"{where}: guided is yes or no")
        rule = Rule(
            _words(row, "reason", where, REASONS[kind]),
            row["guided"] == "yes" if "guided" in row else None,
            _words(row, "traffic", where, TRAFFIC),
            cause,
        )
        rules.append(rule)
    _cover(kind, rules)
    return tuple(rules)


def _words(row: Mapping[str, Any], part: str, where: str, known: tuple[str, ...]) -> frozenset[str]:
    words = row.get(part, [])
    if not isinstance(words, list) or (part in row and not words):
        raise BadCausesError(f"{where}: {part} is a list, such as [{known[0]}]")
    if unknown := sorted({str(word) for word in words} - set(known)):
        raise BadCausesError(f"{where}: no such {part}: {', '.join(unknown)}")
    return frozenset(words)


def _cover(kind: str, rules: list[Rule]) -> None:
    """Every case meets a row, and every row is met: a rule nobody can reach is a mistake."""
    cases = [
        (reason, guided, traffic)
        for reason in REASONS[kind]
        for guided in (False, True)
        for traffic in TRAFFIC
    ]
    met = set()
    for case in cases:
        n = next((n for n, rule in enumerate(rules, 1) if rule.fits(*case)), 0)
        if not n:
            raise BadCausesError(f"{kind}: no row covers {case[0]} in {case[2]} traffic")
        met.add(n)
    if idle := sorted({*range(1, len(rules) + 1)} - met):
        raise BadCausesError(f"{kind}, row {idle[0]}: earlier rows leave nothing to it")
