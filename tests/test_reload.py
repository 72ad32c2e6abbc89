"""menus.yaml edited while calls run: each call finishes on its own version, audio included."""

from __future__ import annotations

import json
import queue
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from house_case import ROOT, make_home, toned_site

from dialog.transcript import line
from hotline.house import House, clock
from hotline.rehearse import Rehearsal, caller_of
from hotline.reload import Reloader
from hotline.settings import Settings
from hotline.versions import Refused, Versions, check, load_site
from ivr.studio import tone_site
from ledger import records
from ledger.ledger import Ledger
from ledger.records import LedgerError
from menus.clips import clips
from menus.findings import Finding
from menus.loader import load, load_sources, read_sources

NUMBER = "13800138000"


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped menus with tones for audio."""
    return toned_site(tmp_path_factory.mktemp("pristine"))


def sound(site: Path) -> None:
    """Gives every clip of the site's menus its audio."""
    model, _ = load(site)
    assert model is not None
    tone_site(site / "prompts", clips(model))


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
    """What the reloader told."""

    def __init__(self) -> None:
        self.news: queue.Queue[tuple[str, list[Finding]]] = queue.Queue()

    def __call__(self, digest: str, findings: list[Finding]) -> None:
        """As hotline serve prints it."""
        self.news.put((digest, findings))

    def next(self) -> tuple[str, list[Finding]]:
        """The next news."""
        return self.news.get(timeout=30)


def edit(site: Path, old: str, new: str, *, audio: bool = True) -> None:
    """An edit of the file, its audio built before the file is saved."""
    file = site / "menus.yaml"
    text = file.read_text("utf-8")
    assert old in text
    if audio:
        draft = site.parent / "draft"
        shutil.copytree(site, draft)
        (draft / "menus.yaml").write_text(text.replace(old, new), "utf-8")
        sound(draft)
        shutil.copytree(draft / "prompts", site / "prompts", dirs_exist_ok=True)
        shutil.rmtree(draft)
    file.write_text(text.replace(old, new), "utf-8")


def dial(house: House) -> Rehearsal:
    """A call that has just been answered."""
    origin = caller_of(NUMBER, "10086", "voice", "test")
    call = Rehearsal(house.runner, origin, f"test:{clock()}:{id(object())}", clock)
    call.dial()
    return call


def heard(house: House, call: Rehearsal) -> tuple[list[str], list[str]]:
    """What the call said last, as text ids and as clips; every clip is there."""
    replies = call.heard[-1].replies
    paths = [clip for reply in replies for clip in house.runner.clips(reply)]
    assert all((house.settings.prompts / path).is_file() for path in paths)
    return [line(say) for reply in replies for say in reply.say], paths


def test_a_running_call_finishes_on_its_own_version(house: House, site: Path) -> None:
    """The edit serves new calls at once; the old call keeps its words, keys and clips."""
    told = Told()
    reloader = Reloader(house, told)
    before = house.versions.serving().digest
    running = dial(house)
    running.press("3")
    edit(
        site,
        '{key: "1", label: label_caller_id,     to: caller_id_menu}',
        '{key: "7", label: label_caller_id,     to: caller_id_menu}',
    )
    edit(site, "您的话费余额是{balance}，本月已用{spent}。", "现有话费{balance}，用去{spent}。")
    assert reloader.look()
    digest, findings = told.next()
    assert digest == house.versions.serving().digest != before
    assert all(found.severity == "warning" for found in findings)

    running.press("1")  # the old version's key for caller_id
    assert "caller_id_intro" in heard(house, running)[0]
    running.press("*")
    running.press("*")
    running.press("1")
    running.press("1")
    _, old_clips = heard(house, running)

    fresh = dial(house)
    fresh.press("3")
    fresh.press("1")  # no such key any more
    assert "caller_id_intro" not in heard(house, fresh)[0]
    fresh.press("7")
    assert "caller_id_intro" in heard(house, fresh)[0]
    fresh.press("*")
    fresh.press("*")
    fresh.press("1")
    fresh.press("1")
    _, new_clips = heard(house, fresh)
    ours = [path for path in old_clips if "/balance_is." in path]
    theirs = [path for path in new_clips if "/balance_is." in path]
    assert ours
    assert theirs
    assert not set(ours) & set(theirs)

    digests = {row.session: row.digest for row in house.ledger.rows(records.Request)}
    assert set(digests.values()) == {before, digest}


def test_a_broken_edit_is_refused_and_the_old_version_serves_on(house: House, site: Path) -> None:
    """Findings are told with their place; calls neither before nor after notice anything."""
    told = Told()
    reloader = Reloader(house, told)
    before = house.versions.serving().digest
    running = dial(house)
    edit(site, "to: caller_id_menu}", "to: nowhere}", audio=False)
    assert reloader.look()
    digest, findings = told.next()
    assert digest == ""
    assert any(found.code == "unknown_node" and found.place.line > 1 for found in findings)
    assert house.versions.serving().digest == before
    running.press("1")
    running.press("1")
    assert any(said.startswith("balance_is") for said in heard(house, running)[0])
    dial(house).hang_up()
    assert not reloader.look()  # told once
    edit(site, "to: nowhere}", "to: caller_id_menu}", audio=False)
    assert reloader.look()
    assert told.news.empty()  # mended: it serves already


def test_words_without_audio_are_refused(house: House, site: Path) -> None:
    """A new sentence serves when its clips are there, and then by itself."""
    told = Told()
    reloader = Reloader(house, told)
    edit(site, "您的话费余额是", "现有话费", audio=False)
    reloader.look()
    assert {found.code for found in told.next()[1] if found.severity == "error"} == {
        "missing_audio"
    }
    sound(site)
    assert reloader.look()
    assert told.next()[0] == house.versions.serving().digest


def test_files_that_can_not_be_read_are_refused(house: House, site: Path) -> None:
    """A file that is gone, half written or no text, and a manifest that is none."""
    told = Told()
    reloader = Reloader(house, told)
    before = house.versions.serving().digest
    file, manifest = site / "menus.yaml", site / "prompts" / "manifest.json"
    good, clips_good = file.read_bytes(), manifest.read_bytes()
    for where, content in (
        (file, good[: len(good) // 2]),
        (file, b""),
        (file, b"\xff\xfe\x00menus"),
        (file, None),
        (manifest, b"{"),
    ):
        if content is None:
            where.unlink()
        else:
            where.write_bytes(content)
        assert reloader.look()
        digest, findings = told.next()
        assert (digest, bool(findings)) == ("", True)
        file.write_bytes(good)
        manifest.write_bytes(clips_good)
        reloader.look()
        assert house.versions.serving().digest == before


def test_a_books_edit_serves_too(house: House, site: Path) -> None:
    """The site's own codebook is part of the version."""
    told = Told()
    books = site / "sms_commands" / "codebooks"
    reloader = Reloader(house, told)
    books.mkdir(parents=True)
    book = (ROOT / "sms_commands" / "codebooks" / "t5.yaml").read_text("utf-8")
    (books / "t5.yaml").write_text(book.replace("CXYE]", "CXYE, HUAFEI]"), "utf-8")
    assert reloader.look()
    assert told.next()[0]
    origin = caller_of(NUMBER, "10086", "text", "test")
    reply = Rehearsal(house.runner, origin, "book", clock).text("huafei")
    assert "话费余额" in reply.text


def test_an_edit_is_not_lost_with_a_full_disk(
    house: House, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is tried again when the record can be written again."""
    told = Told()
    reloader = Reloader(house, told)
    edit(site, "您的话费余额是", "现有话费")

    def full(*_: object) -> None:
        raise LedgerError("disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(house.ledger, "add_version", full)
        with pytest.raises(LedgerError):
            reloader.look()
    assert reloader.look()
    assert told.next()[0] == house.versions.serving().digest


def test_the_thread_finds_an_edit_by_itself(house: House, site: Path) -> None:
    """Nobody has to press anything after saving."""
    told = Told()
    reloader = Reloader(house, told)
    reloader.start()
    try:
        edit(site, "to: caller_id_menu}", "to: nowhere}", audio=False)
        assert told.next()[0] == ""
    finally:
        reloader.close()
    assert not any(thread.name == "reload" for thread in threading.enumerate())


def test_processes_agree_on_what_serves(house: House, site: Path) -> None:
    """A version that one process makes the serving one is taken over by the others."""
    with Ledger.open(house.settings.home / "ledger.db") as ledger:
        elsewhere = Versions(ledger, now=clock)
        elsewhere.follow()
        assert elsewhere.serving().digest == house.versions.serving().digest
        edit(site, "您的话费余额是", "现有话费")
        load_site(site, house.versions, "ops", "shorter")
        elsewhere.follow()
        assert elsewhere.serving().digest == house.versions.serving().digest
    version = house.ledger.version(house.versions.serving().digest)
    assert version is not None
    assert (version.author, version.note) == ("ops", "shorter")
    assert "现有话费" in json.loads(version.sources)["menus.yaml"]


def test_an_edit_of_comments_is_no_new_version(house: House, site: Path) -> None:
    """The digest is of the meaning."""
    told = Told()
    reloader = Reloader(house, told)
    edit(site, "format: 1", "# a note\nformat: 1", audio=False)
    assert reloader.look()
    assert told.news.empty()
    assert len(house.ledger.digests()) == 1


def test_old_versions_are_read_again_when_a_session_names_them(tmp_path: Path) -> None:
    """Few models are kept at hand; the record has the others."""
    sources = read_sources(ROOT)
    with Ledger.open(tmp_path / "ledger.db") as ledger:
        versions = Versions(ledger, now=clock)
        digests = []
        for n in range(10):
            edited = dict(sources)
            edited["menus.yaml"] = edited["menus.yaml"].replace(
                "step_limit: 100", f"step_limit: {101 + n}"
            )
            model, _ = load_sources(edited)
            assert model is not None
            versions.publish(edited, model, "test", "")
            digests.append(model.digest)
        assert len(versions._models) <= 8
        assert versions.model(digests[0]).step_limit == 101
        assert versions.serving().step_limit == 110
        with pytest.raises(LookupError):
            versions.model("unheard-of")


def test_a_site_with_errors_does_not_start(site: Path, tmp_path: Path) -> None:
    """What would be refused on reload is refused at the start, with all findings."""
    edit(site, "to: caller_id_menu}", "to: nowhere}", audio=False)
    with pytest.raises(Refused) as refused:
        House(Settings(site, make_home(tmp_path)))
    assert refused.value.findings == check(site)[1]
