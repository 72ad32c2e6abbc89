"""topics.yaml: read as strictly as menus.yaml, all findings at once, and texts told their topic."""

from __future__ import annotations

from pathlib import Path

import pytest
from house_case import ROOT, site

from menus.paths import paths
from menus.schema import LEAF
from menus.topics import TOPICS_FILE, Topics, leaf_ids, load_topics

MODEL = site()[1]
SMALL = """\
format: 1
codes:
  A1: {zh-CN: 余额, en: balance, leaf: balance, texts: [余额, 多少钱]}
  "02": {zh-CN: 发票, en: invoice}
"""


def load(folder: Path, text: str) -> tuple[Topics | None, list[str]]:
    """The topics of a file with this text, and its findings by place and code."""
    (folder / TOPICS_FILE).write_text(text, "utf-8")
    topics, found = load_topics(folder, MODEL)
    return topics, [f"{finding.place} {finding.code}" for finding in found]


def test_the_shipped_codes_are_one_for_each_leaf_and_some_without() -> None:
    """Each leaf that a call can reach has its code; what has none yet stands last."""
    topics, found = load_topics(ROOT, MODEL)
    assert found == []
    assert topics is not None
    leaves = [topic.leaf for topic in topics.codes.values()]
    assert len(leaves) == 65
    assert sorted(filter(None, leaves)) == sorted(paths(MODEL).keys() - {"another"})
    assert leaves[58:] == [""] * 7


def test_a_small_file(tmp_path: Path) -> None:
    """Names in both languages, the leaf, the texts; a code keeps its leading zero."""
    topics, found = load(tmp_path, SMALL)
    assert found == []
    assert topics is not None
    assert list(topics.codes) == ["A1", "02"]
    balance = topics.codes["A1"]
    assert (balance.names, balance.leaf) == ({"zh-CN": "余额", "en": "balance"}, "balance")
    assert (balance.texts, topics.codes["02"].leaf) == (("余额", "多少钱"), "")


def test_no_file(tmp_path: Path) -> None:
    """A site without the file gets the one finding that says so."""
    topics, found = load_topics(tmp_path, MODEL)
    assert topics is None
    assert [finding.code for finding in found] == ["no_file"]


@pytest.mark.parametrize(
    ("find", "put", "expect"),
    [
        ("leaf: balance", "leaf: balanse", ["topics.yaml:3:38 unknown_leaf"]),
        ("leaf: balance", "leaf: bill_month", ["topics.yaml:3:38 unknown_leaf"]),  # a form
        ("leaf: balance", "leaf: enable", ["topics.yaml:3:38 unknown_leaf"]),
        ("leaf: balance", "leaves: balance", ["topics.yaml:3:32 unknown_key"]),
        (", en: invoice", "", ["topics.yaml:4:9 missing_key"]),
        ('"02"', "A1", ["topics.yaml:4:3 duplicate_entry"]),
        ('"02"', '"0 2"', ["topics.yaml:4:3 bad_value"]),
        ("多少钱]", "余额]", ["topics.yaml:3:59 duplicate_keyword"]),
        ("en: invoice}", "en: b, texts: [开票, 余额]}", ["topics.yaml:4:40 duplicate_keyword"]),
        ("多少钱]", "'#']", ["topics.yaml:3:59 bad_spelling"]),
        ("format: 1", "format: 2", ["topics.yaml:1:9 bad_value"]),
        ("en: invoice", "en: ''", ["topics.yaml:4:25 empty_value"]),
    ],
)  # fmt: skip
def test_bad_files(find: str, put: str, expect: list[str], tmp_path: Path) -> None:
    """Each slip gives its finding at its line and column; an error gives no topics."""
    assert find in SMALL
    topics, found = load(tmp_path, SMALL.replace(find, put, 1))
    assert found == expect
    assert topics is None


def test_all_findings_at_once(tmp_path: Path) -> None:
    """Several slips are told together, in the order of their places."""
    _, found = load(tmp_path, SMALL.replace("balance,", "none,").replace("多少钱", "余额"))
    assert found == ["topics.yaml:3:35 unknown_leaf", "topics.yaml:3:53 duplicate_keyword"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("话费", "HF01"),
        ("请问话费 余额", "HF01"),
        ("取消流量包", "LL07"),  # the longer words decide: not 流量
        ("流量", "HF06"),
        ("ＷＯ的密码忘了！", "MM03"),
        ("开发票", "XX04"),
        ("HELLO", ""),
        ("", ""),
    ],
)
def test_texts_are_told_their_topic(text: str, code: str) -> None:
    """The longest words that stand in a text decide, whatever its width and case."""
    topics, _ = load_topics(ROOT, MODEL)
    assert topics is not None
    found = topics.of_text(text)
    assert (found.code if found else "") == code


def test_leaves_are_written_as_in_codebooks() -> None:
    """Every leaf that a code may name has the shape that the schema takes."""
    import re

    assert all(re.fullmatch(LEAF.pattern, leaf) for leaf in leaf_ids(MODEL))
