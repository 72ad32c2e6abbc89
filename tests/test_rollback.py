"""Adopting and going back: the record and the site's files say the same, after a restart too."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from house_case import make_home, toned_site
from trial_case import CHANGE

from dialog.session import Origin
from hotline import rollback, sitefiles, trials
from hotline.house import House, clock
from hotline.ids import uuid7
from hotline.reload import Reloader
from hotline.settings import Settings
from hotline.sitefiles import Unwritable
from hotline.trials import Impossible, Plan
from hotline.versions import Refused, check, load_site
from ledger.records import Version
from ledger.trial_records import ADOPTED, EDITED, Trial
from menus.loader import read_sources
from menus.model import Model

BOOK = Path("sms_commands/codebooks/t5.yaml")
PACKAGED = Path(__file__).parent.parent / BOOK


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped menus with tones for audio."""
    return toned_site(tmp_path_factory.mktemp("pristine"))


@pytest.fixture
def site(pristine: Path, tmp_path: Path) -> Path:
    """A site to be edited."""
    return shutil.copytree(pristine, tmp_path / "site")


@pytest.fixture
def house(site: Path, tmp_path: Path) -> Iterator[House]:
    """A house that serves the site."""
    with House(Settings(site, make_home(tmp_path))) as house:
        yield house


class Told:
    """What the reloader told: digests."""

    def __init__(self) -> None:
        self.digests: list[str] = []

    def __call__(self, digest: str, findings: object) -> None:
        """As hotline serve prints it."""
        self.digests.append(digest)


def model_of(site: Path) -> Model:
    """What the site's files mean; they pass the check."""
    model, findings = check(site)
    assert model is not None
    assert all(finding.severity != "error" for finding in findings)
    return model


def edit(site: Path, old: str = CHANGE[0], new: str = CHANGE[1]) -> str:
    """An edit that needs no new audio; its digest."""
    file = site / "menus.yaml"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")
    return model_of(site).digest


def try_candidate(house: House) -> Trial:
    """A trial of the edited menus, as a file in another folder."""
    site = house.settings.site
    file = site.parent / "elsewhere" / "shorter.yaml"
    file.parent.mkdir()
    file.write_text((site / "menus.yaml").read_text("utf-8").replace(*CHANGE), "utf-8")
    candidate = trials.candidate_of(file, site)
    plan = Plan(10, 31, -66, "real", "ops", "shorter")
    return trials.start(
        house.ledger, house.versions, candidate, plan, at=clock(), trial=uuid7(clock()), salt="s"
    )


def go_back(house: House, digest: str = "") -> rollback.RolledBack:
    """A rollback by another process than the one that serves."""
    site, ledger = house.settings.site, house.ledger
    digest = digest or rollback.target(site, ledger)
    return rollback.roll_back(site, ledger, house.versions, digest, "ops", "complaints")


def restarted(house: House) -> str:
    """The version that a process which starts now serves."""
    with House(house.settings) as fresh:
        return fresh.versions.serving().digest


# -- going back ------------------------------------------------------------------------------------


def test_a_rollback_survives_a_restart(house: House, site: Path) -> None:
    """The earlier version serves, stands in the files byte by byte, and who did it is kept."""
    told = Told()
    reloader = Reloader(house, told)
    before, text = house.versions.serving().digest, (site / "menus.yaml").read_bytes()
    after = edit(site)
    assert reloader.look()
    done = go_back(house)
    assert (done.digest, done.aside) == (before, [])
    assert house.versions.serving().digest == before
    assert (site / "menus.yaml").read_bytes() == text
    assert not reloader.look() or told.digests == [after]  # the file is known already
    assert restarted(house) == before
    acts = [(act.digest, act.author, act.note) for act in house.ledger.servings()]
    assert acts[:2] == [(before, "ops", "complaints"), (after, "edit", "")]
    assert len(acts) == 3
    assert not [path for path in site.iterdir() if path.suffix in (".half", ".before")]


def test_a_second_rollback_goes_forth_again(house: House, site: Path) -> None:
    """What served before the present version is the one that was rolled back."""
    after = edit(site)
    load_site(site, house.versions, "edit")
    go_back(house)
    assert go_back(house).digest == after
    assert restarted(house) == after


def test_a_named_version_may_be_any(house: House, site: Path) -> None:
    """Also one that served long ago."""
    first = house.versions.serving().digest
    for n in (98, 97):
        edit(site, f"step_limit: {n + (2 if n == 98 else 1)}", f"step_limit: {n}")
        load_site(site, house.versions, "edit")
    assert go_back(house, first).digest == first
    assert model_of(site).digest == first


def test_a_broken_edit_is_rolled_back_and_kept_aside(house: House, site: Path) -> None:
    """The files hold what does not serve: the serving version is written over it, with a copy."""
    file = site / "menus.yaml"
    good = file.read_bytes()
    file.write_bytes(good[: len(good) // 2])
    broken = file.read_bytes()
    done = go_back(house)
    assert done.digest == house.versions.serving().digest
    assert file.read_bytes() == good
    assert [path.name for path in done.aside] == ["menus.yaml.before"]
    assert done.aside[0].read_bytes() == broken
    assert len(house.ledger.servings()) == 1  # it served all the time
    assert not (site / BOOK).exists()


def test_a_codebook_goes_back_too(house: House, site: Path) -> None:
    """The book that the version read is written; the packaged one stands in the site then."""
    own = site / BOOK
    own.parent.mkdir(parents=True)
    own.write_text(PACKAGED.read_text("utf-8").replace("CXYE]", "CXYE, HUAFEI]"), "utf-8")
    load_site(site, house.versions, "edit")
    go_back(house)
    assert own.read_bytes() == PACKAGED.read_bytes()
    go_back(house)
    assert "HUAFEI" in own.read_text("utf-8")


def test_missing_audio_refuses_and_changes_nothing(house: House, site: Path) -> None:
    """A version whose clips are gone can't serve; site and record stay as they are."""
    after = edit(site)
    load_site(site, house.versions, "edit")
    text = (site / "menus.yaml").read_bytes()
    next((site / "prompts").rglob("*.wav")).unlink()
    with pytest.raises(Refused) as refused:
        go_back(house)
    assert {found.code for found in refused.value.findings if found.severity == "error"} == {
        "missing_audio"
    }
    assert house.versions.serving().digest == after
    assert (site / "menus.yaml").read_bytes() == text
    assert len(house.ledger.servings()) == 2


def test_a_site_that_can_not_be_written_refuses(house: House, site: Path) -> None:
    """What stands in the way is found before anything has changed."""
    after = edit(site)
    load_site(site, house.versions, "edit")
    (site / "menus.yaml.half").mkdir()
    with pytest.raises(Unwritable, match="Can't write"):
        go_back(house)
    assert house.versions.serving().digest == after == model_of(site).digest
    assert len(house.ledger.servings()) == 2


def test_without_an_earlier_version_there_is_nothing_to_go_back_to(house: House) -> None:
    """One version, or none at all, is told."""
    with pytest.raises(Impossible, match="there is none before it"):
        go_back(house)


def test_readers_wait_for_a_writer(house: House, site: Path) -> None:
    """Nobody reads the site's files half written."""
    read = threading.Event()

    def reload() -> None:
        load_site(site, house.versions, "edit")
        read.set()

    with sitefiles.held(site, writing=True):
        thread = threading.Thread(target=reload)
        thread.start()
        assert not read.wait(0.2)
    thread.join()
    assert read.is_set()


# -- trials and the files --------------------------------------------------------------------------


def test_an_adopted_candidate_is_in_the_files(house: House, site: Path) -> None:
    """It serves at once and after a restart; the reloader finds nothing new in the files."""
    told = Told()
    reloader = Reloader(house, told)
    trial = try_candidate(house)
    aside = trials.adopt(site, house.ledger, house.versions, trial, clock(), "ops", "it won")
    assert aside == []
    assert house.versions.serving().digest == trial.candidate == model_of(site).digest
    reloader.look()
    assert told.digests == []
    assert restarted(house) == trial.candidate
    (row,) = house.ledger.trials()
    assert row.end is not None
    assert (row.end.reason, row.end.author, row.end.note) == (ADOPTED, "ops", "it won")
    acts = [(act.digest, act.author, act.note) for act in house.ledger.servings()]
    assert acts[0] == (trial.candidate, "ops", "it won")
    assert len(acts) == 2
    assert go_back(house).digest == trial.control


def test_a_trial_that_is_over_is_not_adopted(house: House, site: Path) -> None:
    """Whoever came first has decided; the files stay."""
    trial = try_candidate(house)
    text = (site / "menus.yaml").read_bytes()
    trials.stop(house.ledger, house.versions, trial, clock(), "ops", "")
    with pytest.raises(Impossible, match="has just ended"):
        trials.adopt(site, house.ledger, house.versions, trial, clock(), "ops", "")
    assert (site / "menus.yaml").read_bytes() == text
    assert not list(site.glob("*.half"))
    assert house.versions.serving().digest == trial.control


def test_an_edit_of_the_files_ends_the_trial(
    house: House, site: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The edit serves everybody; the log and the record say why the trial is over."""
    trial = try_candidate(house)
    reloader = Reloader(house, Told())
    digest = edit(site, "step_limit: 100", "step_limit: 90")
    assert reloader.look()
    assert house.versions.trial is None
    assert house.versions.serving().digest == digest
    (row,) = house.ledger.trials()
    assert row.end is not None
    assert (row.end.reason, row.end.author) == (EDITED, "edit")
    assert f"version {digest[:16]} serves now: it ends the trial" in caplog.text
    assert json.loads(row.end.figures)["control"]["entered"] == 0
    assert trial.control != digest


def test_an_edit_of_comments_leaves_the_trial_alone(house: House, site: Path) -> None:
    """It means the same: there is nothing new to compare."""
    trial = try_candidate(house)
    reloader = Reloader(house, Told())
    edit(site, "format: 1", "# a note\nformat: 1")
    assert reloader.look()
    assert house.versions.trial == trial


def test_a_trial_goes_on_after_a_restart(house: House) -> None:
    """A process that starts takes part from its first call."""
    trial = try_candidate(house)
    with House(house.settings) as fresh:
        assert fresh.versions.trial == trial


def test_a_candidate_of_another_release_does_no_harm(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """A process that can't read it starts, serves the control to everybody, and says so once."""
    at = clock()
    control = house.versions.serving().digest
    trial = Trial("later", at, control, "f" * 64, 99, "s", "real", 31, -66, "ops", "")
    house.ledger.start_trial(trial, Version("f" * 64, at, "{}", "ops", "")).result()
    with House(house.settings) as fresh:
        fresh.versions.follow()
        assert fresh.versions.trial is None
        origin = Origin("voice", "10086", "13800138000", "network", "trunk")
        assert fresh.versions.of(origin, str).digest == control
    assert caplog.text.count("the trial does not run here") == 1
    trials.stop(house.ledger, house.versions, trial, at, "ops", "")
    assert house.ledger.trial() is None


def test_a_candidate_with_errors_or_without_audio_is_refused(house: House, site: Path) -> None:
    """It is checked like any version, with the site's audio; places name its own file."""
    file = site.parent / "draft.yaml"
    text = (site / "menus.yaml").read_text("utf-8")
    for old, new, code in (
        ("to: caller_id_menu}", "to: nowhere}", "unknown_node"),
        ("您的话费余额是", "现有话费", "missing_audio"),
    ):
        assert old in text
        file.write_text(text.replace(old, new), "utf-8")
        with pytest.raises(Refused) as refused:
            trials.candidate_of(file, site)
        errors = [found for found in refused.value.findings if found.severity == "error"]
        assert {found.code for found in errors} == {code}
        assert {found.place.file for found in errors} == {"draft.yaml"}


def test_a_candidate_elsewhere_has_the_sites_codebooks(house: House, site: Path) -> None:
    """Its own folder first, then the site, then the packaged ones."""
    own = site / BOOK
    own.parent.mkdir(parents=True)
    own.write_text(PACKAGED.read_text("utf-8").replace("CXYE]", "CXYE, HUAFEI]"), "utf-8")
    file = site.parent / "draft.yaml"
    shutil.copy(site / "menus.yaml", file)
    candidate = trials.candidate_of(file, site)
    assert "HUAFEI" in candidate.sources[BOOK.as_posix()]
    assert candidate.model.digest == model_of(site).digest
    assert "HUAFEI" not in read_sources(file)[BOOK.as_posix()]
