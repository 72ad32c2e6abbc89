"""The menus versions: which one serves, which is on trial, and the models that sessions name."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from actions.signatures import SIGNATURES
from dialog.session import Origin
from hotline import sitefiles
from ivr.manifest import ClipEntry, ManifestError, load_manifest
from ledger import records
from ledger.counts import Exposed
from ledger.ledger import Ledger
from ledger.trial_records import CANDIDATE, EDITED, Trial, TrialEnd
from menus.clips import clips
from menus.digest import SHOWN
from menus.findings import ERROR, Finding
from menus.lint import lint
from menus.loader import UnreadableError, load_sources, read_sources
from menus.model import Model, Place
from menus.topics import TOPICS_FILE, load_topics
from tuning.split import arm_of

log = logging.getLogger("hotline.versions")


_KEPT = 8
"""Models kept at hand; older ones come from the ledger again when a session names them."""


class Refused(ValueError):
    """A menus file that must not serve; `findings` say why."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__(f"{len(findings)} findings")
        self.findings = findings


def check(site: Path) -> tuple[Model | None, list[Finding]]:
    """The site's model and every finding: the check of start and reload, and the files beside it.

    What is wrong with topics.yaml or tuning.yaml keeps no version from serving; a site may do
    without them.
    """
    from tuning.rules import load_rules  # the serving path needs no tuning

    try:
        sources = read_sources(site)
    except UnreadableError as unreadable:
        return None, unreadable.findings
    folder = site.parent if site.is_file() else site
    model, findings = check_sources(sources, folder / "prompts")
    if model is not None and (folder / TOPICS_FILE).exists():
        findings = [*findings, *load_topics(folder, model)[1]]
    if model is not None:
        findings = [*findings, *load_rules(folder, model)[1]]
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
    """Models by digest; what serves and what is on trial follow the ledger in every process."""

    def __init__(self, ledger: Ledger, *, now: Callable[[], int]) -> None:
        self._ledger, self._now = ledger, now
        self._models: dict[str, Model] = {}
        self._serving = ""
        self._trial: Trial | None = None
        self._unread = ""  # the trial whose candidate this release can't read
        self._lock = threading.Lock()  # over the models
        self._change = threading.Lock()  # over what serves; never taken on the ledger's thread

    def serving(self) -> Model:
        """The model that new dialogues use, but for those of a trial's candidate."""
        return self.model(self._serving)

    @property
    def trial(self) -> Trial | None:
        """The trial that runs."""
        return self._trial

    def of(self, origin: Origin, pseudonym: Callable[[str], str]) -> Model:
        """The model for a new dialogue of this origin."""
        trial = self._trial
        if trial is None:
            return self.serving()
        arm = arm_of(trial, pseudonym(origin.caller), origin.traffic)
        return self.model(trial.candidate) if arm == CANDIDATE else self.serving()

    def model(self, digest: str) -> Model:
        """The model of a version, out of the ledger's sources when it is not at hand.

        Raises LookupError when the record has no such version.
        """
        model = self._models.get(digest)
        if model is not None:
            return model
        model, _ = load_sources(self.sources(digest))
        if model is None:
            raise LookupError(f"menus version {digest} can't be read by this release")
        self._keep(model)
        return model

    def sources(self, digest: str) -> dict[str, str]:
        """The texts of a version by name. Raises LookupError when the record has no such one."""
        version = self._ledger.version(digest)
        if version is None:
            raise LookupError(f"no menus version {digest}")
        texts: dict[str, str] = json.loads(version.sources)
        return texts

    def _keep(self, model: Model) -> None:
        with self._lock:
            self._models[model.digest] = model
            wanted = (self._serving, self._trial.candidate if self._trial else "")
            for digest in list(self._models)[:-_KEPT]:
                if digest not in wanted:
                    del self._models[digest]

    def publish(self, sources: Mapping[str, str], model: Model, author: str, note: str) -> bool:
        """Makes a checked model the serving one; False when it serves already.

        `author` and `note` are of this act, also when the version is an old one. A trial whose
        control served until now ends.
        """
        with self._change:
            self._keep(model)
            new = self._ledger.serving() != model.digest
            if new:
                at = self._now()
                self._ledger.add_version(version_of(sources, model, at, author, note)).result()
                self._ledger.serve(model.digest, at, author, note).result()
            self._follow()
        return new

    def follow(self) -> None:
        """Takes over what another process made the serving version, and the trial that runs."""
        with self._change:
            self._follow()

    def _follow(self) -> None:
        digest = self._ledger.serving()
        if digest and digest != self._serving:
            self.model(digest)
            if self._serving:
                log.info("menus version %s serves", digest[:SHOWN])
            self._serving = digest
        trial = self._ledger.trial()
        if trial is not None and trial.control != digest:
            self._end_edited(trial)
            trial = None
        if trial is not None and not self._readable(trial):
            trial = None
        if trial != self._trial:
            self._trial = trial
            if trial is not None:
                log.info("a trial of version %s runs", trial.candidate[:SHOWN])
            else:
                log.info("the trial is over: hotline trial status says why")

    def _readable(self, trial: Trial) -> bool:
        """Whether this process can play the candidate; if not, its subscribers get the control."""
        try:
            self.model(trial.candidate)
        except LookupError as error:
            if self._unread != trial.id:
                log.error("the trial does not run here: %s", error)
            self._unread = trial.id
            return False
        return True

    def _end_edited(self, trial: Trial) -> None:
        """Its control does not serve any more: what it would compare has gone."""
        act, at = self._ledger.servings()[0], self._now()
        figures = dump_figures(self._ledger.exposed(trial.id))
        note = " ".join(filter(None, (act.digest[:SHOWN], act.note)))
        end = TrialEnd(trial.id, at, EDITED, act.author, note, figures)
        if self._ledger.end_trial(end).result():
            log.warning("version %s serves now: it ends the trial", act.digest[:SHOWN])


def version_of(
    sources: Mapping[str, str], model: Model, at: int, author: str, note: str
) -> records.Version:
    """A checked model as the record keeps it."""
    text = json.dumps(sources, ensure_ascii=False)
    return records.Version(model.digest, at, text, author, note)


def dump_figures(figures: Mapping[str, Exposed]) -> str:
    """How a trial's arms stood, as its end keeps it."""
    return json.dumps({arm: exposed._asdict() for arm, exposed in figures.items()})


def load_figures(text: str) -> dict[str, Exposed]:
    """The same back from an end."""
    return {arm: Exposed(**exposed) for arm, exposed in json.loads(text).items()}


def load_site(site: Path, versions: Versions, author: str, note: str = "") -> list[Finding]:
    """Checks the site's files and makes them the serving version.

    Returns the warnings; raises Refused with all findings when one is an error.
    """
    with sitefiles.held(site):
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
