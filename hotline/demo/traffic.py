"""A run put together for a site: its versions, its people, the record, and the truth at its end."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from dialog.events import Event
from dialog.session import Session
from dialog.turn import Turn
from hotline import exposure, trials
from hotline.demo.parameters import Parameters
from hotline.demo.play import TRAFFIC, Beside, Stage, Version
from hotline.demo.population import Population
from hotline.demo.run import Progress, Run, Span, VersionOf, mark_of
from hotline.demo.spoken import Spoken
from hotline.demo.standin import StandIn
from hotline.demo.truth import dump, planted
from hotline.demo.ways import Ways
from hotline.house import House
from hotline.record import Pseudonym
from hotline.versions import Refused, Versions, check_sources
from ivr.manifest import Manifest, load_manifest
from ledger import records
from ledger.trial_records import CANDIDATE, Trial
from menus.findings import ERROR
from menus.loader import UnreadableError, read_sources
from menus.model import Model
from menus.topics import load_topics
from tuning.split import arm_of

TRUTH = "demo-truth.json"
_HOUR_MS = 3_600_000


class Traffic:
    """A run on a house; `go()` plays it, `truth` tells afterwards what was planted."""

    def __init__(
        self,
        house: House,
        span: Span,
        menus: Sequence[Path] = (),
        plan: Parameters | None = None,
    ) -> None:
        """`menus`: files whose versions serve one after the other, each an equal share of the days.

        Without any, the version that serves is played, and beside it the candidate of a trial of
        demo traffic, as long as it runs. Raises Refused for a file with errors.
        """
        self._house, self.span, self.plan = house, span, plan or Parameters()
        manifest = load_manifest(house.settings.prompts)
        trial = None if menus else _trial(house)
        models = [_kept(house, file) for file in menus] or [house.versions.serving()]
        if trial is not None:
            models.append(house.versions.model(trial.candidate))
        self.versions = [version(model, manifest) for model in models]
        played = [*(model.digest for model in models), *([trial.id] if trial else [])]
        self.population = population = Population(
            self.plan,
            frozenset(target for one in self.versions for target in one.ways.targets),
            key=span.key(),
            calls_per_day=span.calls_per_day,
            first=span.first,
            zone=house.settings.zone,
        )
        stage = Stage(
            self.plan,
            StandIn(self.plan.faults, models[0], outages(population, span)),
            house.vault,
            models[0].called[0],
            population.midnight(span.first + datetime.timedelta(days=span.days)),
            mark_of(self.plan, played),
            wrap_up_codes(house.settings.site, self.versions),
        )
        version_of = self._in_turn()
        if trial is not None:
            version_of = self._split(house.versions)
            stage = stage._replace(beside=_beside(house.versions))
        self.run = Run(house.ledger, span, population, stage, version_of, known=self.versions[0])

    def go(self) -> Iterator[Progress]:
        """Plays the run; after each day the trial is looked after, as a sweeper would."""
        day = 0
        for step in self.run.go():
            if step.day != day and self._house.versions.trial is not None:
                day, house = step.day, self._house
                self.run.settle()
                trials.look(house.ledger, house.versions, house.now(), house.settings.bill_day)
            yield step

    def expected(self) -> int:
        """About how many dialogues there will be."""
        span, people = self.span, self.population
        days = (span.first + datetime.timedelta(days=n) for n in range(span.days))
        return round(sum(map(people.expected, days)) * (1 + self.plan.calendar.texts) * 1.08)

    def _in_turn(self) -> VersionOf:
        """Each version in its share of the days."""
        span, versions, midnight = self.span, self.versions, self.population.midnight
        ends = [
            midnight(span.first + datetime.timedelta(days=span.days * (n + 1) // len(versions)))
            for n in range(len(versions) - 1)
        ]

        def version_of(_name: str, at: int) -> Version:
            return versions[sum(end <= at for end in ends)]

        return version_of

    def _split(self, versions: Versions) -> VersionOf:
        """The trial's versions, each for its own subscribers, until the trial is over."""
        control, candidate = self.versions

        def version_of(name: str, _at: int) -> Version:
            trial = versions.trial
            tried = trial is not None and arm_of(trial, name, TRAFFIC) == CANDIDATE
            return candidate if tried else control

        return version_of

    def truth(self) -> dict[str, Any]:
        """What was planted and what came of it, as JSON data."""
        span = self.span
        return {
            "run": {
                "seed": span.seed,
                "first": span.first.isoformat(),
                "last": span.last.isoformat(),
                "days": span.days,
                "calls_per_day": span.calls_per_day,
                "versions": [one.model.digest for one in self.versions],
            },
            "planted": planted(self.population, span.days, self.versions[0]),
            "counts": self.run.truth.data(),
        }

    def write_truth(self, file: Path) -> None:
        """Writes the truth."""
        file.write_text(dump(self.truth()), "utf-8")


def version(model: Model, manifest: Manifest) -> Version:
    """A version as it is played; the clips' lengths are those of a manifest."""
    return Version(model, Ways(model), Spoken(model, manifest))


def _trial(house: House) -> Trial | None:
    """The trial that runs if it is one of demo traffic."""
    trial = house.versions.trial
    return trial if trial is not None and trial.traffic == TRAFFIC else None


def _beside(versions: Versions) -> Beside:
    """What a trial notes of each step, as long as it runs."""

    def beside(
        before: Session, turn: Turn, event: Event, at: int, pseudonym: Pseudonym
    ) -> Iterable[records.Row]:
        trial = versions.trial
        return () if trial is None else exposure.rows(trial, before, turn, event, at, pseudonym)

    return beside


def wrap_up_codes(site: Path, versions: Sequence[Version]) -> dict[str, str]:
    """The wrap-up code of each target, by the site's topics.yaml; none without that file.

    A code that stands for no leaf is wanted by its own name.
    """
    topics, _ = load_topics(site, versions[0].model)
    if topics is None:
        return {}
    of_leaf = {topic.leaf: code for code, topic in reversed(list(topics.codes.items()))}
    targets = {target for one in versions for target in one.ways.targets.values()}
    found = {target.name: of_leaf[target.leaf] for target in targets if target.leaf in of_leaf}
    return found | {code: code for code, topic in topics.codes.items() if not topic.leaf}


def outages(population: Population, span: Span) -> list[tuple[int, int]]:
    """From when to when the BSS is out, UTC milliseconds, of the outages within the span."""
    faults = population.plan.faults
    first, last = faults.outage_hours
    days = (
        population.midnight(span.first + datetime.timedelta(days=n))
        for n in faults.outage_days
        if n < span.days
    )
    return [(day + first * _HOUR_MS, day + last * _HOUR_MS) for day in days]


def _kept(house: House, file: Path) -> Model:
    """The model of a menus file, kept in the record as a version that never served."""
    try:
        sources = read_sources(file)
    except UnreadableError as unreadable:
        raise Refused(unreadable.findings) from None
    model, findings = check_sources(sources, None)
    if model is None or any(finding.severity == ERROR for finding in findings):
        raise Refused(findings)
    text = json.dumps(sources, ensure_ascii=False)
    kept = records.Version(model.digest, house.now(), text, "hotline demo-traffic", str(file.name))
    house.ledger.add_version(kept).result()
    return model
