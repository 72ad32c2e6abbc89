"""Trials: which one runs, how it stands, and its end."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from typing import NamedTuple

from ledger import records as r
from ledger import trial_records as t
from ledger.batch import Batch
from ledger.commits import append
from ledger.counts import Exposed
from ledger.versions import Versions

_TRIAL = ", ".join(f"t.{field}" for field in t.Trial._fields)
_END = ", ".join(f"e.{field}" for field in t.TrialEnd._fields)
_ALL = (
    f"SELECT {_TRIAL}, {_END} FROM trials t LEFT JOIN trial_ends e ON e.trial = t.id "  # noqa: S608
    "ORDER BY t.at DESC, t.id DESC"
)
_RUNNING = (
    f"SELECT {_TRIAL} FROM trials t "  # noqa: S608
    "WHERE NOT EXISTS (SELECT 1 FROM trial_ends WHERE trial = t.id) ORDER BY t.at LIMIT 1"
)
_LAST_SERVING = "SELECT digest FROM serving ORDER BY n DESC LIMIT 1"


class Tried(NamedTuple):
    """A trial and its end, None while it runs."""

    trial: t.Trial
    end: t.TrialEnd | None


class Trials(Versions):
    """At most one runs, and only beside the version that it calls its control."""

    def start_trial(self, trial: t.Trial, candidate: r.Version) -> Future[None]:
        """Keeps the candidate and lets the trial run from now on in every process.

        The future fails with Conflict when another runs, or its control does not serve.
        """

        def job(batch: Batch) -> None:
            execute = batch.connection.execute
            if execute(_RUNNING).fetchone():
                raise r.Conflict("a trial runs already")
            serving = execute(_LAST_SERVING).fetchone()
            if serving is None or serving[0] != trial.control:
                raise r.Conflict("another version serves now")
            append(batch, [candidate, trial], self.zone)

        return self._submit(job)

    def end_trial(self, end: t.TrialEnd, serving: r.Serving | None = None) -> Future[bool]:
        """Ends a trial, and makes a version the serving one in the same moment.

        False, and nothing changed, when it had ended already.
        """

        def job(batch: Batch) -> bool:
            ended = "SELECT 1 FROM trial_ends WHERE trial = ?"
            if batch.connection.execute(ended, (end.trial,)).fetchone():
                return False
            append(batch, [end, *([serving] if serving else [])], self.zone)
            return True

        return self._submit(job)

    def trial(self) -> t.Trial | None:
        """The trial that runs."""
        row = self._first(_RUNNING)
        return t.Trial(*row) if row else None

    def trials(self) -> list[Tried]:
        """All trials, the newest first."""
        width = len(t.Trial._fields)
        return [
            Tried(t.Trial(*row[:width]), t.TrialEnd(*row[width:]) if row[width] else None)
            for row in self._read(_ALL)
        ]

    def exposed(self, trial: str) -> Mapping[str, Exposed]:
        """How each arm of a trial stands; an arm that nobody entered is all zero."""
        found = {arm: Exposed() for arm in (t.CONTROL, t.CANDIDATE)}
        entered = "SELECT arm, COUNT(*) FROM trial_entries WHERE trial = ? GROUP BY arm"
        for arm, n in self._read(entered, (trial,)):
            found[arm] = found[arm]._replace(entered=n)
        marked = "SELECT arm, guard, COUNT(*) FROM trial_marks WHERE trial = ? GROUP BY arm, guard"
        for arm, guard, n in self._read(marked, (trial,)):
            found[arm] = found[arm]._replace(**{guard: n})
        return found
