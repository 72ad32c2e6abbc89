"""The menus versions: which one serves, and the models of all that a session still names."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from actions.signatures import SIGNATURES
from ivr.manifest import ClipEntry, ManifestError, load_manifest
from ledger import records
from ledger.ledger import Ledger
from menus.clips import clips
from menus.findings import ERROR, Finding
from menus.lint import lint
from menus.loader import UnreadableError, load_sources, read_sources
from menus.model import Model, Place
from menus.topics import TOPICS_FILE, load_topics

log = logging.getLogger("hotline.versions")


_KEPT = 8
"""Models kept at hand; older ones come from the ledger again when a session names them."""


class Refused(ValueError):
    """A menus file that must not serve; `findings` say why."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__(f"{len(findings)} findings")
        self.findings = findings


def check(site: Path) -> tuple[Model | None, list[Finding]]:
    """The site's model and every finding: the check of start and reload, and topics.yaml beside it.

    What is wrong with topics.yaml keeps no version from serving; a site may do without the file.
    """
    try:
        sources = read_sources(site)
    except UnreadableError as unreadable:
        return None, unreadable.findings
    folder = site.parent if site.is_file() else site
    model, findings = check_sources(sources, folder / "prompts")
    if model is not None and (folder / TOPICS_FILE).exists():
        findings = [*findings, *load_topics(folder, model)[1]]
    return model, findings


def check_sources(
    sources: dict[str, str], prompts: Path | None
) -> tuple[Model | None, list[Finding]]:
    """The same for sources that are not on disk; without `prompts` audio is not looked at."""
    model, findings = load_sources(sources)
    if model is not None:
        try:
            manifest = _recorded(prompts) if prompts is not None else None
        except ManifestError as error:
            return model, [*findings, _manifest(error)]
        findings = [
            *findings,
            *lint(model, SIGNATURES, manifest, clips=clips(model)),
        ]
    return model, findings


def _recorded(prompts: Path) -> Mapping[str, ClipEntry]:
    """The clips that the manifest names and that are there."""
    clips_named = load_manifest(prompts).clips
    return {path: entry for path, entry in clips_named.items() if (prompts / path).is_file()}


def _manifest(error: ManifestError) -> Finding:
    zh = "录音清单读不了；请恢复这个文件，或删除后运行 hotline prompts build。"
    return Finding("broken_manifest", ERROR, Place("prompts/manifest.json", 1), zh, str(error))


class Versions:
    """Models by digest; the serving one follows the ledger, so that every process agrees."""

    def __init__(self, ledger: Ledger, *, now: Callable[[], int]) -> None:
        self._ledger, self._now = ledger, now
        self._models: dict[str, Model] = {}
        self._serving = ""
        self._lock = threading.Lock()  # over the models
        self._change = threading.Lock()  # over what serves; never taken on the ledger's thread

    def serving(self) -> Model:
        """The model that new dialogues use."""
        return self.model(self._serving)

    def model(self, digest: str) -> Model:
        """The model of a version, out of the ledger's sources when it is not at hand.

        Raises LookupError when the record has no such version.
        """
        model = self._models.get(digest)
        if model is not None:
            return model
        version = self._ledger.version(digest)
        if version is None:
            raise LookupError(f"no menus version {digest}")
        model, _ = load_sources(json.loads(version.sources))
        if model is None:
            raise LookupError(f"menus version {digest} can't be read by this release")
        self._keep(model)
        return model

    def _keep(self, model: Model) -> None:
        with self._lock:
            self._models[model.digest] = model
            for digest in list(self._models)[:-_KEPT]:
                if digest != self._serving:
                    del self._models[digest]

    def publish(self, sources: dict[str, str], model: Model, author: str, note: str) -> bool:
        """Makes a checked model the serving one; False when it serves already."""
        with self._change:
            self._keep(model)
            new = self._ledger.serving() != model.digest
            if new:
                at = self._now()
                text = json.dumps(sources, ensure_ascii=False)
                version = records.Version(model.digest, at, text, author, note)
                self._ledger.add_version(version).result()
                self._ledger.serve(model.digest, at, author, note).result()
            self._serving = model.digest
        return new

    def follow(self) -> None:
        """Takes over what another process made the serving version."""
        with self._change:
            digest = self._ledger.serving()
            if digest and digest != self._serving:
                self.model(digest)
                self._serving = digest
                log.info("menus version %s serves", digest[:16])


def load_site(site: Path, versions: Versions, author: str, note: str = "") -> list[Finding]:
    """Checks the site's files and makes them the serving version.

    Returns the warnings; raises Refused with all findings when one is an error.
    """
    try:
        sources = read_sources(site)
    except UnreadableError as unreadable:
        raise Refused(unreadable.findings) from None
    model, findings = check_sources(sources, site / "prompts")
    errors = [finding for finding in findings if finding.severity == ERROR]
    if model is None or errors:
        raise Refused(findings)
    versions.publish(sources, model, author, note)
    return findings
