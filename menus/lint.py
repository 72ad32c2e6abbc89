"""Everything that can be known about a menus file before a caller meets it, found at once.

Facts come as data: the signatures of the actions, the manifest of the recorded prompts, the clips
that the texts need. Errors keep a version from serving; warnings do not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dialog.signature import Signatures
from menus import lint_actions, lint_graph, lint_keywords, lint_texts
from menus.findings import Finding, errors, finding, in_order
from menus.model import Model
from menus.references import references
from menus.uses import Path

Clips = Iterable[tuple[str, str, str]]
"""(language, path under prompts/, text spoken) of each clip that a version needs."""


def lint(
    model: Model,
    signatures: Signatures,
    manifest: Mapping[str, Any] | None,
    *,
    clips: Clips | None = None,
) -> list[Finding]:
    """All findings of a model, by place.

    `manifest` maps the path of each recorded clip to its facts; None leaves audio unchecked.
    `clips` are those of `menus.clips` unless given.
    """
    found = [
        *references(model),
        *lint_graph.findings(model),
        *lint_texts.findings(model),
        *lint_actions.findings(model, signatures),
        *lint_keywords.findings(model),
    ]
    if manifest is not None and (clips is not None or not errors(found)):
        found += _audio(model, manifest, clips)
    return in_order(found)


def _audio(model: Model, manifest: Mapping[str, Any], clips: Clips | None) -> Iterator[Finding]:
    """The first missing clip of each text, name and measure, and of each language's own words."""
    if clips is None:
        from menus.clips import clips as needed

        clips = needed(model)
    told: set[Path] = set()
    for language, path, _ in clips:
        if path in manifest:
            continue
        where = _where(model, path.rpartition("/")[2].split(".")[0], language)
        if where not in told:
            told.add(where)
            yield finding("missing_audio", model.marks.at(*where), path=path)


def _where(model: Model, prompt: str, language: str) -> Path:
    """What of the file a clip speaks; the words of the spoken vocabulary stand for a language."""
    section, _, id_ = prompt.partition("-")
    if section == "say":
        return ("languages", model.languages.index(language))
    if section in ("name", "measure"):
        return (f"{section}s", id_, language)
    return ("texts", prompt, language)
