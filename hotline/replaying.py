"""Replays the record's calls against a menus file: versions, audio and calls in, reports out."""

from __future__ import annotations

from pathlib import Path

from hotline.offers import leaf_names
from hotline.reporting import Context
from hotline.speech import Speech
from hotline.trials import candidate_of
from ivr.manifest import load_manifest
from menus.digest import SHOWN
from reports.layout import Report
from tuning import replay_report
from tuning.replay import Version, replayed, ways


def replay(context: Context, file: Path, limit: int) -> tuple[Report, Report]:
    """The replay of at most `limit` calls (0: all) that were asked for, in all and by leaf.

    Raises versions.Refused with all findings when the file has an error.
    """
    settings, asked = context.settings, context.asked
    model = candidate_of(file, settings.site).model
    speech = Speech(context.model, load_manifest(settings.prompts))
    now = Version(model, speech.languages(model), ways(model))
    tally = replay_report.Tally()
    left_out = 0
    calls = context.ledger.walks(asked.first, asked.last, asked.traffic, "voice", limit)
    for walk in calls:
        known = speech.of(walk.session.digest)
        if known is None:
            left_out += 1
        else:
            tally.add(replayed(walk, Version(*known, {}), now))
    basis = replay_report.Basis(
        asked.traffic,
        asked.first,
        asked.last,
        context.now.isoformat(timespec="seconds"),
        f"{file.name} {model.digest[:SHOWN]}",
        left_out,
    )
    return replay_report.replay(tally, basis), replay_report.leaves(tally, leaf_names(model))
