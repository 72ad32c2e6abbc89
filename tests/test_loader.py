"""The loader: what it reads, what it refuses, and that nothing makes it raise."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from menus_site import FOLDER, MINIMAL, SIGNATURES

from menus.findings import errors
from menus.loader import UnreadableError, load, load_sources, read_sources
from menus.model import Action, Form, Menu, Model, TransferNode
from menus.yaml_marks import MOST_BYTES, Tree, parse

BOOK = "sms_commands/codebooks/mini.yaml"
SOURCES = read_sources(MINIMAL)


def changed(find: str, put: str, file: str = "menus.yaml") -> Model:
    """The minimal site's model after one change."""
    sources = dict(SOURCES)
    assert find in sources[file]
    sources[file] = sources[file].replace(find, put, 1)
    model, found = load_sources(sources)
    assert model is not None, found
    return model


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A copy of the minimal site."""
    return Path(shutil.copytree(MINIMAL, tmp_path / "site"))


def test_minimal_site() -> None:
    """Every part of the file stands in the model, defaults filled in."""
    model, found = load(MINIMAL)
    assert found == []
    assert model is not None
    main, enable = model.nodes["main"], model.nodes["enable"]
    assert isinstance(main, Menu)
    assert isinstance(enable, Action)
    assert [choice.key for choice in main.choices] == ["1", "2", "3", "4", "5"]
    assert main.choices[1].constants == {"service": "caller_id"}
    assert main.reserved == {"0": "agent", "9": "repeat", "*": "back"}
    assert (main.tries.most, main.tries.then, main.tries.first_ms) == (3, "give_up", 5000)
    assert (enable.does, enable.name, enable.next) == ("order", "subscribe", "main")
    assert enable.slow == "slow"
    assert enable.answers == {
        "": "enabled",
        "caller_id": "enabled_caller_id",
        "accepted": "enabled_later",
    }
    assert enable.receipts == {"": "receipt"}
    assert isinstance(model.nodes["which_number"], Form)
    assert isinstance(model.nodes["agent_general"], TransferNode)
    assert model.nodes["agent_general"].reserved == {}
    assert model.start == {"voice": "main", "agent": "agent_general"}
    assert (model.languages, model.called) == (("zh-CN", "en"), ("10086",))
    assert model.system_words == {"STOP": "stop", "HELP": "help", "?": "help"}
    assert (model.yes, model.no) == ({"是", "Y"}, {"否", "N", "*"})
    assert (model.windows[0].from_time, model.windows[0].to_time) == (64_800, 86_400)
    assert str(model.nodes["main"].place) == "menus.yaml:20:3"
    assert str(model.codes["mini"][1].place) == f"{BOOK}:6:5"


def test_sources_are_a_whole_version() -> None:
    """A version kept as its sources loads to the same digest, without a site."""
    assert set(SOURCES) == {"menus.yaml", BOOK}
    from_site, _ = load(MINIMAL)
    from_sources, _ = load_sources(SOURCES)
    assert from_site is not None
    assert from_sources is not None
    assert from_site.digest == from_sources.digest
    assert len(from_site.digest) == 64


def test_node_overrides_of_the_defaults() -> None:
    """A node's tries replace the defaults one by one, its reserved keys all together."""
    model = changed(
        "    intro: intro_language\n",
        "    intro: intro_language\n    reserved: {}\n"
        "    tries: {most: 2, then: end, between_seconds: 0.5}\n",
    )
    node = model.nodes["language"]
    assert node.reserved == {}
    assert (node.tries.most, node.tries.then, node.tries.between_ms) == (2, "", 500)
    assert node.tries.no_input == ("no_input",)


def test_end_is_a_way_on() -> None:
    """`next: end` ends the dialogue where the defaults would go on."""
    model = changed("text: give_up, next: agent_general", "text: give_up, next: end")
    assert model.nodes["give_up"].next == ""


def test_days_are_of_the_sites_zone() -> None:
    """`valid` begins and ends at local midnight, in UTC milliseconds."""
    model = changed(", to: balance}", ", to: balance, valid: {from: 2026-01-01, to: 2026-02-01}}")
    menu = model.nodes["main"]
    assert isinstance(menu, Menu)
    rule = menu.choices[0].filter
    shanghai = timezone(timedelta(hours=8))
    assert rule is not None
    assert rule.valid_from == datetime(2026, 1, 1, tzinfo=shanghai).timestamp() * 1000
    assert rule.valid_to == datetime(2026, 2, 1, tzinfo=shanghai).timestamp() * 1000


def test_traps_are_read_as_written() -> None:
    """`on`, NO, 12:30, 01 beside 1, dates and 0x10 mean themselves."""
    case = yaml.safe_load((FOLDER / "good" / "traps.yaml").read_text("utf-8"))
    sources = dict(SOURCES)
    for change in case["change"]:
        sources[change["file"]] = sources[change["file"]].replace(change["find"], change["put"])
    model, found = load_sources(sources)
    assert found == []
    assert model is not None
    assert model.yes == {"是", "YES", "ON", "01", "1"}
    assert model.no == {"否", "NO", "OFF", "~", "NULL"}
    assert (model.windows[0].from_time, model.windows[0].to_time) == (45_000, 86_399)
    assert model.codes["mini"][0].spellings == (
        "0101", "101", "1_0", "0x10", "1e3", "YES", "2026-01-01", "CXYE",
    )  # fmt: skip


def test_all_findings_at_once() -> None:
    """Findings of several files and kinds come together, by place."""
    sources = dict(SOURCES)
    sources["menus.yaml"] = (
        sources["menus.yaml"]
        .replace("to: balance}", "to: balanse}")
        .replace("intro: intro_language", "intro: intro_languages")
    )
    sources[BOOK] = sources[BOOK].replace("leaf: balance", "leaf: ballance")
    model, found = load_sources(sources, signatures=SIGNATURES)
    assert model is None
    assert [str(f.place) for f in found if f.code in ("unknown_node", "unknown_text")] == [
        "menus.yaml:23:46", "menus.yaml:29:12", f"{BOOK}:5:34",
    ]  # fmt: skip


def test_a_finding_as_json() -> None:
    """The JSON form has code, severity, file, line, column and both wordings."""
    _, found = load_sources({"menus.yaml": ""})
    assert found[0].json() == {
        "code": "empty_file",
        "severity": "error",
        "file": "menus.yaml",
        "line": 1,
        "column": 1,
        "message_zh": "文件是空的；请写入内容。",
        "message_en": "The file is empty: write its content.",
    }


def test_no_file(tmp_path: Path) -> None:
    """A folder without a menus.yaml gives one finding that names it."""
    model, found = load(tmp_path)
    assert model is None
    assert [f.code for f in found] == ["no_file"]
    assert str(tmp_path) in found[0].message_en
    with pytest.raises(UnreadableError):
        read_sources(tmp_path)


def test_not_utf8(site: Path) -> None:
    """A file in another encoding is refused at the line of its first wrong byte."""
    path = site / "menus.yaml"
    path.write_bytes(path.read_text("utf-8").encode("gb18030"))
    model, found = load(site)
    assert model is None
    assert [(f.code, f.place.line) for f in found] == [("not_utf8", 12)]


def test_too_large(site: Path) -> None:
    """A file over the limit is refused unread, and its text too."""
    text = "# " + "x" * MOST_BYTES
    (site / "menus.yaml").write_text(text)
    assert [f.code for f in load(site)[1]] == ["too_large"]
    assert [f.code for f in load_sources({"menus.yaml": text})[1]] == ["too_large"]


def test_byte_order_mark_and_dos_line_ends(site: Path) -> None:
    """A file saved by a Windows editor is the same file, places and all."""
    path = site / "menus.yaml"
    plain, _ = load(site)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    dos, found = load(site)
    assert found == []
    assert plain is not None
    assert dos is not None
    assert dos.digest == plain.digest
    assert dos.nodes["main"].place == plain.nodes["main"].place


def test_a_menus_file_under_another_name(site: Path) -> None:
    """`hotline check draft.yaml` reads that file with the site's books."""
    (site / "menus.yaml").rename(site / "draft.yaml")
    assert load(site / "draft.yaml")[1] == []


def test_findings_name_the_file_that_was_read(site: Path) -> None:
    """Findings of a draft name the draft, read from disk and as a version's sources."""
    draft = site / "draft.yaml"
    text = (site / "menus.yaml").read_text("utf-8")
    draft.write_text(text.replace("answer: home_is", "answer: home_it_is"), "utf-8")
    found = load(draft)[1]
    assert [str(finding.place) for finding in found] == ["draft.yaml:40:44"]
    assert load_sources(read_sources(draft))[1] == found
    assert list(read_sources(draft)) == list(read_sources(site))


def test_the_packaged_book_and_the_sites_own(site: Path) -> None:
    """A book that the site does not have comes from the package; its own goes first."""
    menus = site / "menus.yaml"
    menus.write_text(menus.read_text("utf-8").replace("use: mini", "use: t5"), "utf-8")
    name = "sms_commands/codebooks/t5.yaml"
    assert "CXYE" in read_sources(site)[name]
    own = site / name
    own.write_text("format: 1\nbook: t5\ncodes: [{spell: [MINE], leaf: balance}]\n")
    assert "MINE" in read_sources(site)[name]
    assert load(site)[1] == []


def test_an_unknown_book_names_the_nearest(site: Path) -> None:
    """A misspelt book is named at its place with the one that is meant."""
    menus = site / "menus.yaml"
    menus.write_text(menus.read_text("utf-8").replace("use: mini", "use: minni"), "utf-8")
    model, found = load(site)
    assert model is None
    assert [(f.code, str(f.place)) for f in found] == [("unknown_book", "menus.yaml:15:11")]
    assert "mini?" in found[0].message_en


def test_no_path_out_of_the_codebooks(site: Path) -> None:
    """A book's name is a plain word, never a path."""
    menus = site / "menus.yaml"
    menus.write_text(menus.read_text("utf-8").replace("use: mini", "use: ../../x"), "utf-8")
    assert [f.code for f in load(site)[1]] == ["bad_value"]


@pytest.mark.parametrize("char", ["[", "- ", "{a: "])
def test_depth_costs_no_stack(char: str) -> None:
    """A file of brackets alone is refused, however many there are."""
    tree, found = parse("menus.yaml", char * 200_000)
    assert tree.root is None
    assert [f.code for f in found] == ["too_deep"]


def test_columns_count_characters() -> None:
    """A column counts characters, not bytes, so that editors agree."""
    tree, _ = parse("menus.yaml", "中文: {名: 值}")
    assert isinstance(tree, Tree)
    assert str(tree.at("中文", "名")) == "menus.yaml:1:9"
    assert str(tree.key("中文", "名")) == "menus.yaml:1:6"
    assert str(tree.at("中文", "无")) == "menus.yaml:1:5"


@given(st.text())
@settings(deadline=None, max_examples=200)
def test_no_text_makes_it_raise(text: str) -> None:
    """Any text gives a finding and no model."""
    model, found = load_sources({"menus.yaml": text})
    assert model is None
    assert errors(found)


@given(st.data())
@settings(deadline=None, max_examples=150)
def test_no_damage_makes_it_raise(data: st.DataObject) -> None:
    """The good file with a piece cut out, doubled or moved loads or gives findings."""
    text = SOURCES["menus.yaml"]
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 80)))
    put = data.draw(st.sampled_from(["", text[start:end] * 2, "{", "- ", "#", '"', "\t", "x: y\n"]))
    sources = {**SOURCES, "menus.yaml": text[:start] + put + text[end:]}
    model, found = load_sources(sources, signatures=SIGNATURES)
    assert model is not None or errors(found)
    assert all(f.place.line >= 1 and f.place.column >= 1 for f in found)
