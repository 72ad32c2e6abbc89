"""Texts: every language there, every reason with its own words, nothing that can't be voiced."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dialog.outcomes import DECLINED, REASONS, UNKNOWN, UNTEXTED, UNVOICED
from menus.build import listed
from menus.findings import Finding, finding
from menus.model import Action, Form, Model, Text
from menus.template import Slot, Template, literals, slots
from menus.uses import path_of, text_uses

MOST_SEGMENTS = 3
"""Literal segments of a voice text: more, and nobody can follow it (nor record it evenly)."""

TOLD = (DECLINED, UNKNOWN, *(r for r in REASONS if r not in UNVOICED & UNTEXTED))
"""The outcomes and reasons that somebody can be told."""

FAULTS_OF: Mapping[str, tuple[str, ...]] = {
    "phone": ("too_short", "too_long", "malformed"),
    "short_number": ("too_short", "too_long", "malformed"),
    "month": ("too_short", "too_long", "malformed", "out_of_range"),
    "yuan": ("malformed", "out_of_range"),
    "password": ("too_short", "too_long", "malformed"),
    "new_password": ("too_short", "too_long", "malformed", "weak"),
    "identity": ("too_short", "too_long", "malformed", "bad_checksum"),
    "free_text": ("too_short",),
}
"""What the check of each field type (dialog.fields) can find wrong."""


def findings(model: Model) -> Iterator[Finding]:
    """Findings about texts, names and measures."""
    yield from _unused(model)
    voiced = _voiced(model)
    for text in model.texts.values():
        yield from _languages(model, text)
        if text.id in voiced:
            yield from _spoken(model, text)
    for section, table in (("names", model.names), ("measures", model.measures)):
        for id_, wording in table.items():
            for language in model.languages:
                if language not in wording:
                    place = model.marks.key(section, id_)
                    yield finding("missing_text", place, id=id_, language=language)
    yield from _reasons(model)
    yield from _faults(model)


def _voiced(model: Model) -> frozenset[str]:
    from menus.clips import voiced

    return voiced(model)


def _unused(model: Model) -> Iterator[Finding]:
    used = {use.text for use in text_uses(model)}
    for id_, text in model.texts.items():
        if id_ not in used:
            yield finding("unused_text", text.place, id=id_)


def _languages(model: Model, text: Text) -> Iterator[Finding]:
    marks = model.marks
    for language in model.languages:
        if language not in text.voice:
            yield finding("missing_text", text.place, id=text.id, language=language)
    for wordings, path in (
        (text.voice, ("texts", text.id)),
        (text.sms, ("texts", text.id, "sms")),
    ):
        first, *others = wordings or ("",)
        for language in others:
            wanted, given = slots(wordings[first]), slots(wordings[language])
            if wanted != given:
                yield finding(
                    "placeholder_mismatch",
                    marks.at(*path, language),
                    language=language,
                    given=listed(sorted(given)),
                    first=first,
                    wanted=listed(sorted(wanted)),
                )


def _spoken(model: Model, text: Text) -> Iterator[Finding]:
    for language, template in text.voice.items():
        place = model.marks.at("texts", text.id, language)
        count = len(literals(template))
        if count > MOST_SEGMENTS:
            yield finding("too_many_segments", place, count=count)
        if not count and not any(isinstance(part, Slot) for part in template):
            yield finding("unvoiced_text", place, id=text.id, language=language)


def _reasons(model: Model) -> Iterator[Finding]:
    marks = model.marks
    said: dict[tuple[str, Template], str] = {}
    for word in TOLD:
        if word not in model.outcomes:
            yield finding("missing_reason", marks.key("outcomes"), reason=word)
    for word, id_ in model.outcomes.items():
        text = model.texts.get(id_)
        if text is None:
            continue
        for language, template in text.voice.items():
            other = said.setdefault((language, template), word)
            if other != word:
                place = marks.at("outcomes", word)
                yield finding("shared_reason", place, reason=word, other=other)
                break


def _faults(model: Model) -> Iterator[Finding]:
    for node in model.nodes.values():
        for field in node.fields if isinstance(node, (Action, Form)) else ():
            for fault in FAULTS_OF[field.type]:
                if fault not in field.faults:
                    path = (*path_of(node), "fields", field.name)
                    place = model.marks.key(*path)
                    yield finding("missing_fault", place, type=field.type, fault=fault)
    for type_ in ("phone", "password"):  # those of the password gate
        for fault in FAULTS_OF[type_]:
            if fault not in model.faults.get(type_, {}):
                yield finding("missing_fault", model.marks.key("faults"), type=type_, fault=fault)
