"""`hotline trial`, `versions` and `rollback` as people type them."""

from __future__ import annotations

import getpass
import json
import logging
import queue
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from house_case import Rig, make_home, site, toned_site
from trial_case import CHANGE, begin, some, text

from hotline import sweep, trials
from hotline.cli import cli
from hotline.house import House
from hotline.settings import BadSetting, Settings, from_environment
from hotline.versions import check
from ledger.ledger import Ledger
from ledger.trial_records import CANDIDATE, CONTROL

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped menus with tones for audio."""
    return toned_site(tmp_path_factory.mktemp("pristine"))


@pytest.fixture
def folder(pristine: Path, tmp_path: Path) -> Path:
    """A site with a candidate in it; only menus.yaml and candidate.yaml are its own."""
    folder = tmp_path / "site"
    folder.mkdir()
    text = (pristine / "menus.yaml").read_text("utf-8")
    (folder / "menus.yaml").write_text(text, "utf-8")
    (folder / "candidate.yaml").write_text(text.replace(*CHANGE), "utf-8")
    (folder / "prompts").symlink_to(pristine / "prompts")
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A state folder."""
    return make_home(tmp_path)


@pytest.fixture
def hotline(folder: Path, home: Path) -> Run:
    """Runs a command in this process."""

    def run(*args: str) -> Result:
        found = [arg.format(site=folder) for arg in args]
        return CliRunner().invoke(cli, ["--site", str(folder), "--home", str(home), *found])

    return run


def last(told: Result) -> str:
    """The last line."""
    return told.output.rstrip().splitlines()[-1]


def test_a_trial_from_start_to_adoption(hotline: Run, folder: Path, home: Path) -> None:
    """Started, seen, refused twice, adopted: what is said at each step, and what serves then."""
    assert "There has been no trial yet" in hotline("trial", "status").output
    told = hotline("trial", "start", "{site}/candidate.yaml", "--share", "20", "--note", "shorter")
    assert told.exit_code == 0, told.output
    assert "20 %" in told.output
    with Ledger.open(home / "ledger.db") as ledger:
        trial = ledger.trial()
        assert trial is not None
        assert (trial.share, trial.days, trial.expect, trial.traffic) == (20, 31, -66, "real")
        assert (trial.author, trial.note) == (getpass.getuser(), "shorter")
    again = hotline("trial", "start", "{site}/candidate.yaml")
    assert again.exit_code == 2
    assert "Another trial runs" in last(again)
    versions = json.loads(hotline("versions", "--json").output)["rows"]
    assert [(row["state"], row["note"]) for row in versions] == [
        ("in_trial", "shorter"), ("serving", ""),
    ]  # fmt: skip
    early = hotline("trial", "stop", "--adopt")
    assert early.exit_code == 2
    assert "--early" in last(early)
    done = hotline("trial", "stop", "--adopt", "--early", "--author", "li", "--note", "it won")
    assert done.exit_code == 0, done.output
    model, _ = check(folder)
    assert model is not None
    assert model.digest == trial.candidate
    rows = json.loads(hotline("versions", "--json").output)["rows"]
    assert (rows[0]["state"], rows[0]["served_by"], rows[0]["served_note"]) == (
        "serving", "li", "it won",
    )  # fmt: skip
    over = hotline("trial", "stop")
    assert over.exit_code == 2
    assert "No trial runs" in last(over)


def test_status_says_what_the_figures_mean(hotline: Run, home: Path) -> None:
    """Arms, rates with their intervals, evidence, what is still needed, the bill day."""
    rig = Rig(home)
    try:
        trial = begin(rig)
        for arm, garbage in ((CONTROL, 2), (CANDIDATE, 1)):
            for n, number in enumerate(some(rig, trial, arm, 10)):
                text(rig, number, "乱码" if n < garbage else "CXYE")
    finally:
        rig.close()
    data = json.loads(hotline("trial", "status", "--json").output)
    assert (data["state"], data["share"], data["bill_day"]) == ("running", "50 %", "not yet")
    assert (data["control_entered"], data["candidate_entered"]) == ("10", "10")
    failure = data["rows"][0]
    assert failure["guard"] == "failure"
    assert (failure["control"]["n"], failure["control"]["of"]) == (2, 10)
    assert failure["control"]["low"] == 5.67  # Wilson
    assert failure["candidate"]["percent"] == 10.0
    assert failure["evidence"] == 0.7
    assert failure["verdict"] == "open"
    shown = hotline("trial", "status").output
    assert "No difference between the versions is shown yet" in shown
    assert f"about {int(data['needed']) - 20} more subscribers" in shown
    assert "No whole bill day" in shown


def test_status_of_each_end(hotline: Run, home: Path) -> None:
    """Harm with its guard and evidence, a stop with its author; the list has them all."""
    rig = Rig(home)
    try:
        trial = begin(rig)
        for number in some(rig, trial, CONTROL, 10):
            text(rig, number)
        for number in some(rig, trial, CANDIDATE, 10):
            text(rig, number, "乱码")
        running = hotline("trial", "status").output
        assert "stopped within a minute" in running
        assert trials.look(rig.ledger, rig.versions, rig.now(), 1) is not None
        harmed = hotline("trial", "status")
        assert "The candidate did harm (subscribers with a failure (R3), E = " in harmed.output
        assert json.loads(hotline("trial", "status", "--json").output)["rows"][0]["verdict"] == (
            "harm"
        )
        begin(rig)
    finally:
        rig.close()
    assert hotline("trial", "stop", "--author", "li", "--note", "enough").exit_code == 0
    assert "everybody has the control. [li enough]" in hotline("trial", "status").output
    rows = json.loads(hotline("trial", "list", "--json").output)["rows"]
    assert [row["state"] for row in rows] == ["stopped", "harm:failure"]


def test_a_bad_candidate_is_refused_with_its_findings(hotline: Run, folder: Path) -> None:
    """Status 1, places in the candidate's own file; the same file as menus.yaml is status 2."""
    file = folder / "candidate.yaml"
    good = file.read_text("utf-8")
    file.write_text(good.replace("to: caller_id_menu}", "to: nowhere}"), "utf-8")
    told = hotline("trial", "start", "{site}/candidate.yaml")
    assert told.exit_code == 1
    assert "candidate.yaml:" in told.output
    assert "nowhere" in told.output
    same = hotline("trial", "start", "{site}/menus.yaml")
    assert same.exit_code == 2
    assert "means the same" in last(same)


@pytest.mark.parametrize(
    ("args", "hint"),
    [
        (("trial", "start", "nowhere.yaml"), "nowhere.yaml"),
        (("trial", "start", "{site}/candidate.yaml", "--share", "0"), "1<=x<=99"),
        (("trial", "start", "{site}/candidate.yaml", "--days", "x"), "--days"),
        (("trial", "start", "{site}/candidate.yaml", "--traffic", "rehearsal"), "demo"),
        (("trial", "stop"), "No trial runs"),
        (("rollback",), "No version has served yet"),
        (("rollback", "feed"), "No version"),
        (("versions", "show", "feed"), "No version"),
    ],
)
def test_bad_input_is_one_line(
    folder: Path, tmp_path: Path, args: tuple[str, ...], hint: str
) -> None:
    """Status 2, and what would be right; in a state folder where nothing has served."""
    found = [arg.format(site=folder) for arg in args]
    home = tmp_path / "empty"
    told = CliRunner().invoke(cli, ["--site", str(folder), "--home", str(home), *found])
    assert told.exit_code == 2
    assert hint in last(told)
    assert "Traceback" not in told.output


def test_versions_and_going_back(hotline: Run, folder: Path) -> None:
    """The list with its counts, a version's text, what differs, and the way back."""
    hotline("call", "13800138000", "--keys", "1 1")
    old = (folder / "menus.yaml").read_text("utf-8")
    shutil.copy(folder / "candidate.yaml", folder / "menus.yaml")
    hotline("sms", "13800138000", "CXYE")
    rows = json.loads(hotline("versions", "--json").output)["rows"]
    assert [(row["state"], row["calls"], row["requests"]) for row in rows] == [
        ("serving", 0, 1), ("kept", 1, 1),
    ]  # fmt: skip
    new, first = (row["version"] for row in rows)
    assert CHANGE[1] in hotline("versions", "show", new).output
    diff = hotline("versions", "show", new[:6], "--against", first[:6]).output
    assert [line for line in diff.splitlines() if line[:2] in ("- ", "+ ")] == [
        f"-      - {CHANGE[0]}  to: charges}}", f"+      - {CHANGE[1]}  to: charges}}",
    ]  # fmt: skip
    done = hotline("rollback", "--note", "complaints")
    assert done.exit_code == 0, done.output
    assert first in done.output
    assert (folder / "menus.yaml").read_text("utf-8") == old
    assert "succeeded  balance" in hotline("call", "13800138000", "--keys", "1 1").output
    table = hotline("versions").output
    assert "complaints" in table
    assert "在用 serving" in table


def test_a_broken_file_can_be_rolled_back(hotline: Run, folder: Path) -> None:
    """Where no other command works, this one does; what was there is kept."""
    hotline("sms", "13800138000", "CXYE")
    (folder / "menus.yaml").write_text("format: 1\n", "utf-8")
    assert hotline("sms", "13800138000", "CXYE").exit_code == 1
    told = hotline("rollback")
    assert told.exit_code == 0, told.output
    assert "menus.yaml.before" in told.output
    assert (folder / "menus.yaml.before").read_text("utf-8") == "format: 1\n"
    assert hotline("sms", "13800138000", "CXYE").exit_code == 0


def test_the_sweeper_guards_the_trial(
    folder: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`hotline serve`'s own thread ends a harmful trial, and its log says so."""
    rig = Rig(home)
    try:
        trial = begin(rig)
        for number in some(rig, trial, CONTROL, 8):
            text(rig, number)
        for number in some(rig, trial, CANDIDATE, 8):
            text(rig, number, "乱码")
    finally:
        rig.close()
    news: queue.Queue[str] = queue.Queue()

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            news.put(record.getMessage())

    listener = Listener(logging.WARNING)
    logging.getLogger("hotline.trials").addHandler(listener)
    monkeypatch.setattr(sweep, "EVERY_S", 0.01)
    monkeypatch.setattr(sweep, "TRIAL_EVERY_S", 0.02)
    try:
        with House(Settings(folder, home)) as house:
            sweeper = sweep.Sweeper(house)
            sweeper.start()
            try:
                assert "harm:failure" in news.get(timeout=60)
            finally:
                sweeper.close()
            assert house.versions.trial is None
            assert house.versions.serving().digest == site()[1].digest
    finally:
        logging.getLogger("hotline.trials").removeHandler(listener)


def test_the_bill_day_is_the_sites(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """HOTLINE_BILL_DAY is a day of the month; anything else is told."""
    assert from_environment(folder, folder / "var").bill_day == 1
    monkeypatch.setenv("HOTLINE_BILL_DAY", "31")
    assert from_environment(folder, folder / "var").bill_day == 31
    for wrong in ("0", "32", "first", ""):
        monkeypatch.setenv("HOTLINE_BILL_DAY", wrong)
        with pytest.raises(BadSetting, match="1 to 31"):
            from_environment(folder, folder / "var")


def test_guarding_and_status_need_no_extra() -> None:
    """The serving path and `hotline trial` load neither numpy nor scipy nor statsmodels."""
    code = (
        "import sys, hotline.trials, hotline.trial_report, hotline.commands.trial, hotline.sweep;"
        "print(sorted({'numpy', 'scipy', 'statsmodels', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
