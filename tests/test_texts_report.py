"""Codes that people want and that there are not: `hotline report texts`."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from house_case import ROOT, make_home
from ledger_rows import AT, DAY, closing, request

from hotline.cli import cli
from ledger import records
from ledger.counts import Sent, Wanted
from ledger.ledger import Ledger


def texted(
    text: str, who: Iterable[str], reason: str = "unknown_command", **fields: Any
) -> list[records.Row]:
    """The same text of several subscribers."""
    rows: list[records.Row] = []
    fields = {"called": "10086", "operator": "cmcc", "brand": "gotone", "at": AT} | fields
    for one in who:
        key = f"{text}/{one}/{'/'.join(map(str, fields.values()))}"
        asked = request(
            key, subscriber=one, keyword=text, leaf="none", node="none", kind="none",
            channel="text", **fields,
        )  # fmt: skip
        rows += [asked, closing(key, "failed", reason)]
    return rows


TEXTS = [
    *texted("CXYR", "abcd"),
    *texted("CXYR", "abc", brand="mzone", at=AT + DAY),
    *texted("CXYR", "ef", brand="easyown"),
    *texted("JSCTK", "abc"),
    *texted("JSCTK", "ef", brand="mzone"),
    *texted("=1+1", "abc", called="10010"),
    *texted("", "abc", province="zhejiang"),
    *texted("给138****8000", "ab"),
    *texted("YES", "abcde", reason="expired"),
    *texted("CXXX", "abcde", traffic="demo"),
]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A state folder with texts that spelt no code."""
    home = make_home(tmp_path)
    with Ledger.open(home / "ledger.db") as ledger:
        ledger.append(TEXTS).result()
    return home


@pytest.fixture
def report(home: Path) -> Any:
    """Runs the report."""

    def run(*args: str) -> Result:
        place = ["--site", str(ROOT), "--home", str(home)]
        return CliRunner().invoke(cli, [*place, "report", "texts", *args])

    return run


def rows_of(done: Result) -> list[dict[str, Any]]:
    """A report's rows in JSON."""
    assert done.exit_code == 0, done.output
    rows: list[dict[str, Any]] = json.loads(done.output)["rows"]
    return rows


def test_what_the_record_has(home: Path) -> None:
    """By number, from three subscribers on; the sum knows of the others, too."""
    with Ledger.open(home / "ledger.db") as ledger:
        found, whole = ledger.wanted("", "", "real", {})
        kinds = (Sent("cmcc", "gotone", "", 4), Sent("cmcc", "mzone", "", 3))
        kinds += (Sent("cmcc", "easyown", "", 2),)
        assert found[0] == Wanted("CXYR", "10086", 9, 6, "2026-01-01", "2026-01-02", kinds)
        assert [(row.text, row.called) for row in found[1:]] == [
            ("JSCTK", "10086"), ("", "10086"), ("=1+1", "10010"),
        ]  # fmt: skip
        assert whole == 9 + 5 + 3 + 3 + 2
        assert [row.text for row in ledger.wanted("2026-01-02", "", "real", {})[0]] == ["CXYR"]
        assert ledger.wanted("", "", "real", {"brand": "easyown"}) == ([], 2)


def test_what_they_may_have_meant(report: Any) -> None:
    """Near codes that those subscribers may use, and what spells a code by now."""
    rows = {row["text"]: row for row in rows_of(report("--json"))}
    near = rows["CXYR"]
    assert (near["texts"], near["subscribers"]) == (9, 6)
    assert near["brands"] == "gotone 4, mzone 3, easyown 2"
    assert "CXYE" in near["meant"].split()
    assert len(near["meant"].split()) <= 3
    assert near["leaf"] is None
    assert rows["JSCTK"]["leaf"] == "describe/talk_card"  # it is M-Zone's only
    assert rows["empty"]["subscribers"] == 3
    assert next(iter(rows)) == "CXYR"


def test_a_number_or_brand_alone(report: Any) -> None:
    """--called and --brand keep theirs, --least wants more subscribers."""
    assert [row["text"] for row in rows_of(report("--called", "10010", "--json"))] == ["=1+1"]
    assert [row["brands"] for row in rows_of(report("--brand", "mzone", "--json"))] == ["mzone 3"]
    assert [row["text"] for row in rows_of(report("--least", "6", "--json"))] == ["CXYR"]


def test_as_table_csv_and_page(report: Any, tmp_path: Path) -> None:
    """In every form, and nothing that a subscriber texted is run by a spreadsheet."""
    table = report().output
    assert "列出的占不认识的短信 20/22 90.91 %" in table
    assert "138****8000" not in table
    rows = list(csv.DictReader(io.StringIO(report("--csv").output)))
    assert "'=1+1" in {row["text"] for row in rows}
    page = tmp_path / "texts.html"
    assert report("--html", str(page)).exit_code == 0
    assert "CXYR" in page.read_text("utf-8")


def test_nothing_to_report_is_a_sentence(report: Any) -> None:
    """No texts, a number that nobody texted, fewer than three subscribers: said, no figure."""
    assert "没有 dialtest 流量的不认识的短信" in report("--traffic", "dialtest").output
    done = report("--called", "10011")
    assert done.exit_code == 2
    assert "10086" in done.output
    assert report("--least", "2").exit_code == 2
