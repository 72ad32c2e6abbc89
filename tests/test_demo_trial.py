"""Trials on demo traffic: the planted best order is confirmed, harm is taken back, noise is not."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from demo_case import FIRST, NOW, reordered
from house_case import ROOT, make_home
from trial_case import check_trial

from hotline import trials
from hotline.demo.parameters import Demand, Parameters, Patience, People
from hotline.demo.run import Span
from hotline.demo.traffic import Traffic
from hotline.house import House
from hotline.settings import Settings
from hotline.versions import load_figures
from ledger.trial_records import CANDIDATE, CONTROL
from tuning.trial import BETTER, OPEN, harmed, judge

HURRY = Parameters(
    demand=Demand({**dict.fromkeys(Demand().weights, 0.3), "payments": 90}, {}, {}),
    people=People(regulars=0),
    patience=Patience(mean_s=35),
)
"""Nearly all want the payments, which the shipped menu names last; few wait, none knows the key."""


@contextmanager
def played(
    folder: Path, candidate: Path, plan: Parameters | None = None, *, calls: int = 200
) -> Iterator[House]:
    """A house after a week of demo traffic with a trial of a candidate on half of the people."""
    with House(Settings(ROOT, make_home(folder)), now=lambda: NOW) as house:
        meant = trials.Plan(50, 31, -66, "demo", "ops", "")
        found = trials.candidate_of(candidate, ROOT)
        trials.start(house.ledger, house.versions, found, meant, at=NOW, trial="demo", salt="salt")
        for _ in Traffic(house, Span(3, FIRST, 7, calls), plan=plan).go():
            pass
        yield house


def edited(folder: Path, old: str, new: str) -> Path:
    """The shipped menus with one place changed."""
    text = (ROOT / "menus.yaml").read_text("utf-8")
    assert old in text
    shutil.copytree(ROOT / "sms_commands/codebooks", folder / "sms_commands/codebooks")
    file = folder / "menus.yaml"
    file.write_text(text.replace(old, new), "utf-8")
    return file


def test_the_planted_best_order_is_confirmed(tmp_path: Path) -> None:
    """Fewer fail when what most want is named first, and the trial shows it."""
    best = reordered(tmp_path, charges="81234567")
    with played(tmp_path, best, HURRY, calls=500) as house:
        failure = judge(house.ledger.exposed("demo"))[0]
        assert failure.verdict == BETTER, failure
        assert house.versions.trial is not None
        check_trial(house.ledger)


def test_the_same_in_other_words_is_let_alone(tmp_path: Path) -> None:
    """A candidate under which nothing changes shows nothing, and every row is accounted for."""
    same = edited(tmp_path, "step_limit: 100", "step_limit: 99")
    with played(tmp_path, same) as house:
        assert {guard.verdict for guard in judge(house.ledger.exposed("demo"))} == {OPEN}
        arms = house.ledger.exposed("demo")
        assert arms[CONTROL].entered > 200
        assert arms[CANDIDATE].entered > 200
        check_trial(house.ledger)


def test_a_harmful_candidate_is_taken_back(tmp_path: Path) -> None:
    """The key of the balance leads elsewhere: within days everybody has the control again."""
    harmful = edited(
        tmp_path,
        '{key: "1", label: label_balance,    to: balance}',
        '{key: "1", label: label_balance,    to: payments}',
    )
    with played(tmp_path, harmful) as house:
        (row,) = house.ledger.trials()
        assert row.end is not None
        assert row.end.reason.startswith("harm:")
        last = house.ledger._read(
            "SELECT DISTINCT digest FROM sessions WHERE day = "
            "(SELECT MAX(day) FROM sessions WHERE traffic = 'demo')"
        )
        assert last == [(row.trial.control,)]
        assert harmed(judge(load_figures(row.end.figures))) is not None
