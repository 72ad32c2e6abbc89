"""`hotline topics`: what is taken in, what is refused whole, and what the same file again does."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from house_case import ROOT, toned_site

from hotline.cli import cli
from ledger.counts import Wrapped
from ledger.ledger import Ledger

GOOD = "时间,小结代码,次数\n2025-03-01,HF01,12\n2025-03-01 09:05,ZH06,3\n2025-03-02,XX04,40\n"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped menus and topics with tones for audio."""
    return toned_site(tmp_path_factory.mktemp("site"))


@pytest.fixture
def hotline(site: Path, tmp_path: Path) -> Any:
    """Runs a command on a fresh state folder."""

    def run(*args: str) -> Result:
        place = ["--site", str(site), "--home", str(tmp_path / "home")]
        return CliRunner().invoke(cli, [*place, *args])

    return run


def written(folder: Path, text: str, encoding: str = "utf-8") -> str:
    """A file with this text."""
    file = folder / "wrapups.csv"
    file.write_text(text, encoding)
    return str(file)


def kept(folder: Path) -> list[Wrapped]:
    """What the record has."""
    with Ledger.open(folder / "home" / "ledger.db") as ledger:
        return ledger.wrap_ups()


def test_a_file_is_taken_in_once(hotline: Any, tmp_path: Path) -> None:
    """The same content again changes nothing, in whatever encoding it comes."""
    done = hotline("topics", "import", written(tmp_path, GOOD))
    assert done.exit_code == 0, done.output
    assert "✓ 3 行 rows, 2025-03-01 – 2025-03-02: 0 → 55 次 talks" in done.output
    taken = kept(tmp_path)
    assert taken == [
        Wrapped("2025-03-01", "HF01", 12),
        Wrapped("2025-03-01", "ZH06", 3),
        Wrapped("2025-03-02", "XX04", 40),
    ]
    again = hotline("topics", "import", written(tmp_path, GOOD, "gb18030"))
    assert again.exit_code == 0
    assert "Imported before: nothing changed" in again.output
    assert kept(tmp_path) == taken


def test_a_corrected_file_takes_the_place_of_its_times(hotline: Any, tmp_path: Path) -> None:
    """A later file rules its own times; those that it does not name stay."""
    hotline("topics", "import", written(tmp_path, GOOD))
    later = "时间,小结代码,次数\n2025-03-01,HF01,20\n"
    done = hotline("topics", "import", written(tmp_path, later))
    assert "2025-03-01 – 2025-03-01: 15 → 23 次 talks" in done.output
    assert [row.n for row in kept(tmp_path)] == [20, 3, 40]


def test_one_bad_row_keeps_all_out(hotline: Any, tmp_path: Path) -> None:
    """All bad rows are named by their lines; nothing is imported, or the good ones if wished."""
    file = written(tmp_path, GOOD + "2025-03-03,HF99,1\n2026-13-01,HF01,1\n2025-03-03,HF01,x\n")
    refused = hotline("topics", "import", file)
    assert refused.exit_code == 1
    assert [f"{file}:{n}" in refused.output for n in (4, 5, 6, 7)] == [False, True, True, True]
    assert "topics.yaml has no code 'HF99'" in refused.output
    assert "3 of 6 rows are bad and nothing was imported" in refused.output
    assert kept(tmp_path) == []
    done = hotline("topics", "import", "--skip-bad", file)
    assert done.exit_code == 0
    assert sum(row.n for row in kept(tmp_path)) == 55


def test_many_bad_rows_are_counted(hotline: Any, tmp_path: Path) -> None:
    """A file of another kind does not flood the terminal."""
    done = hotline("topics", "import", written(tmp_path, GOOD + "x,HF01,1\n" * 100))
    assert done.output.count("is no YYYY-MM-DD") == 20
    assert "80 more" in done.output


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is empty"),
        ("时间,小结代码,次数\n", "no rows"),
        ("a,b\n1,2\n", "must name the columns"),
        ("时间,小结代码,次数\nx,HF01,1\n", "no row to import"),
    ],
)
def test_files_without_anything(text: str, why: str, hotline: Any, tmp_path: Path) -> None:
    """One sentence and status 1, also when the bad rows are to be left out."""
    done = hotline("topics", "import", "--skip-bad", written(tmp_path, text))
    assert done.exit_code == 1
    assert why in done.output


def test_a_file_that_is_not_there(hotline: Any) -> None:
    """An error of use, not a trace."""
    assert hotline("topics", "import", "nowhere.csv").exit_code == 2


def test_the_list(hotline: Any, tmp_path: Path) -> None:
    """Codes with names, leaves and how often each was imported; what has no leaf is marked."""
    hotline("topics", "import", written(tmp_path, GOOD))
    rows = json.loads(hotline("topics", "list", "--json").output)
    assert len(rows) == 65
    assert {"code": "XX04", "zh-CN": "发票", "en": "invoice", "leaf": "", "n": 40} in rows
    told = hotline("topics", "list").output
    assert "HF01  话费余额 balance → balance  12" in told
    assert "7 个还没有业务 without a leaf" in told


def test_a_site_with_a_broken_topics_file(tmp_path: Path) -> None:
    """Findings with file, line and column by check, import and list; reports say where to look."""
    site = toned_site(tmp_path)
    topics = site / "topics.yaml"
    topics.write_text(topics.read_text("utf-8").replace("leaf: points,", "leaf: pointz,"), "utf-8")
    place = ["--site", str(site), "--home", str(tmp_path / "home")]
    for args in (["check"], ["topics", "list"], ["topics", "import", written(tmp_path, GOOD)]):
        done = CliRunner().invoke(cli, [*place, *args])
        assert done.exit_code == 1
        assert "error unknown_leaf" in done.output
        assert "topics.yaml:" in done.output
    done = CliRunner().invoke(cli, [*place, "report", "topics"])
    assert (done.exit_code, "run hotline check" in done.output) == (2, True)


def test_a_site_without_the_file(tmp_path: Path) -> None:
    """It checks and reports; only the import needs the codes, and says so."""
    site = tmp_path / "site"
    site.mkdir()
    shutil.rmtree(toned_site(site) / "var", ignore_errors=True)
    (site / "topics.yaml").unlink()
    place = ["--site", str(site), "--home", str(tmp_path / "home")]
    assert CliRunner().invoke(cli, [*place, "check"]).exit_code == 0
    assert CliRunner().invoke(cli, [*place, "report", "topics"]).exit_code == 0
    done = CliRunner().invoke(cli, [*place, "topics", "import", written(tmp_path, GOOD)])
    assert done.exit_code == 1
    assert "topics.yaml is not there" in done.output


def test_the_schema_of_the_file(hotline: Any) -> None:
    """Editors get it by name."""
    schema = json.loads(hotline("schema", "--topics").output)
    assert schema["title"] == "Hotline topics.yaml, format 1"
    assert ROOT.joinpath("topics.yaml").is_file()
