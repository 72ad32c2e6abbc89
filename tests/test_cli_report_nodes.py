"""The reports on topics and nodes by their commands: rehearsed dialogues, counted by hand."""

from __future__ import annotations

import csv
import datetime
import io
import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result
from house_case import make_home, toned_site

from hotline.cli import cli

NUMBER = "13800138000"
OTHER = "13800138001"
NAMES = ("topics", "contact", "order", "loss", "journeys")
PLAYED = (
    ["sms", NUMBER, "CXYE"],
    ["sms", NUMBER, "WHAT"],
    ["sms", OTHER, "CXJF"],
    *[["call", NUMBER, "--keys", "1 1 x"]] * 6,
    ["call", NUMBER, "--keys", "2 7 x"],
    ["call", NUMBER, "--keys", "6 1 9 * x"],
    ["call", NUMBER, "--keys", "- x"],
    ["call", NUMBER, "--keys", "0 x"],
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped menus and topics with tones for audio."""
    return toned_site(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def played(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder after some rehearsed dialogues and an import of wrap-up codes."""
    home = make_home(tmp_path_factory.mktemp("played"))
    wrapped = home / "wrapups.csv"
    day = today()
    wrapped.write_text(
        f"时间,小结代码,次数\n{day},ZH06,30\n{day},HF01,10\n{day},XX04,20\n", "utf-8"
    )
    place = ["--site", str(site), "--home", str(home)]
    for args in (*PLAYED, ["topics", "import", "--traffic", "rehearsal", str(wrapped)]):
        done = CliRunner().invoke(cli, [*place, *args])
        assert done.exit_code == 0, done.output
    return home


def today() -> str:
    """The site's local day."""
    return datetime.datetime.now(ZoneInfo("Asia/Shanghai")).date().isoformat()


@pytest.fixture
def report(site: Path, played: Path) -> Any:
    """Runs a report on the played dialogues."""

    def run(name: str, *args: str, traffic: str = "rehearsal") -> Result:
        place = ["--site", str(site), "--home", str(played)]
        day = ("--day", today()) if name == "contact" and "--day" not in args else ()
        asked = [name, "--traffic", traffic, *day, *args]
        return CliRunner().invoke(cli, [*place, "report", *asked])

    return run


def data_of(done: Result) -> Any:
    """A report's JSON."""
    assert done.exit_code == 0, done.output
    return json.loads(done.output)


def test_topics_of_all_sources(report: Any) -> None:
    """Wrap-up codes, requests of both channels and codes without a leaf in one ranking."""
    data = data_of(report("topics", "--json"))
    rows = {row["topic"]: row for row in data["rows"]}
    assert (rows["points"]["agents"], rows["points"]["text"], rows["points"]["voice"]) == (30, 1, 1)
    assert (rows["balance"]["agents"], rows["balance"]["voice"]) == (10, 6)
    assert rows["XX04"]["leaf"] == ""
    assert data["rows"][0]["topic"] == "points"
    shares = {"points": 0.5 * 30 / 60 + 0.2 * 1 / 2 + 0.1 * 1 / 7}
    assert rows["points"]["score"] == pytest.approx(100 * shares["points"] / 0.8, abs=0.01)
    assert any("what to build next: XX04 发票 invoice (20)" in note for note in data["notes"])


def test_contact_of_today(report: Any) -> None:
    """Two of some 250 leaves (60 by key) were reached, one of them by both channels."""
    data = data_of(report("contact", "--json"))
    rows = {row["leaf"]: row for row in data["rows"]}
    leaves = len(rows)
    assert leaves > 250
    assert data["contact_rate"] == f"2/{leaves} {200 / leaves:.2f} %"
    assert (rows["balance"]["done_voice"], rows["balance"]["done_text"]) == (6, 1)
    assert rows["credit"]["chances"] == 10 + 3  # calls and texts
    assert rows["credit"]["bound"] == pytest.approx(100 * 3 / 13, abs=1e-4)
    assert rows["another"]["chances"] == 10
    seven = data_of(report("contact", "--least", "7", "--json"))
    assert seven["contact_rate"] == f"1/{leaves} {100 / leaves:.2f} %"


def test_order_of_the_main_menu(report: Any) -> None:
    """Points, behind the second key, are asked most; the seconds are those of the audio."""
    rows = [row for row in data_of(report("order", "--json"))["rows"] if row["menu"] == "main"]
    assert [(row["key"], row["hot_rank"], row["difference"]) for row in rows[:2]] == [
        ("1", 2, "-1"), ("2", 1, "+1"),
    ]  # fmt: skip
    said = [row["seconds"] for row in rows[:5]]
    assert said == sorted(said)
    assert said[0] > 0
    assert rows[-1]["option"] == "total"


def test_loss_of_the_main_menu(report: Any) -> None:
    """Entries, silences, wrong keys, agent keys and hang-ups as they were played."""
    data = data_of(report("loss", "--json"))
    main = next(row for row in data["rows"] if row["node"] == "main")
    assert main["entries"] == 11  # ten calls, and one that came back by *
    parts = {name: (cell["n"], cell["of"]) for name, cell in main.items() if isinstance(cell, dict)
             and "n" in cell}  # fmt: skip
    assert parts["no_match"] == (1, 13)
    assert parts["no_input"] == (1, 13)
    assert parts["opt_out"] == (1, 11)
    assert parts["abandon"] == (2, 11)
    assert parts["first_key"] == (1, 11)
    assert parts["lost"] == (2, 10)
    charges = next(row for row in data["rows"] if row["node"] == "charges")
    assert (charges["entries"], charges["plays"], charges["repeat"]["n"]) == (7, 8, 1)
    assert data["notes"][0].startswith("首项业务前流失 pre-leaf loss 3/10")
    one = data_of(report("loss", "--node", "charges", "--json"))
    assert [row["node"] for row in one["rows"]] == ["charges"]


def test_journeys_of_the_calls(report: Any) -> None:
    """The ways most taken first, and how they end; few are folded."""
    data = data_of(report("journeys", "--json"))
    ways = {row["way"]: row for row in data["rows"]}
    first = data["rows"][0]
    assert first["way"] == "主菜单 main"
    assert (first["share"]["n"], first["share"]["of"]) == (10, 10)
    charges = ways["主菜单 main › 话费与账单 charges"]
    assert (charges["share"]["n"], charges["of_previous"]["of"]) == (7, 10)
    assert any("其他 other" in way for way in ways)
    text = data_of(report("journeys", "--channel", "text", "--json"))
    assert text["rows"][0]["share"]["of"] == 2  # the one that matched nothing met no node


@pytest.mark.parametrize(("name", "column"), [("loss", "lost"), ("contact", "requests")])
def test_figures_open_to_their_requests(name: str, column: str, report: Any) -> None:
    """What stands behind a row are just as many requests or calls as its figure says."""
    rows = [row for row in data_of(report(name, "--json"))["rows"] if row.get("behind")]
    assert rows
    for row in rows:
        behind = {key: value for key, value in row["behind"].items() if key != "traffic"}
        options = [word for key, value in behind.items() for word in (f"--{key}", str(value))]
        figure = row[column]["n"] if isinstance(row[column], dict) else row[column]
        assert len(data_of(report("requests", "--json", *options))["rows"]) == figure


@pytest.mark.parametrize("name", NAMES)
def test_every_form(name: str, report: Any, tmp_path: Path) -> None:
    """As a table, as CSV and as one page that needs nothing from outside."""
    table = report(name)
    assert table.exit_code == 0, table.output
    lines = list(csv.reader(io.StringIO(report(name, "--csv").output)))
    assert len(lines) > 1
    assert {len(line) for line in lines} == {len(lines[0])}
    page = tmp_path / "page.html"
    assert report(name, "--html", str(page)).exit_code == 0
    text = page.read_text("utf-8")
    assert text.startswith("<!doctype html>")
    assert "http" not in text


@pytest.mark.parametrize("name", NAMES)
def test_no_data(name: str, report: Any) -> None:
    """Other traffic has a sentence and no figure, whatever is asked."""
    data = data_of(report(name, "--json", traffic="replay"))
    assert data["rows"] == []
    assert "没有 replay 流量" in data["notes"][0]


@pytest.mark.parametrize("name", [name for name in NAMES if name != "contact"])
def test_days_without_anything(name: str, report: Any) -> None:
    """A span long past has a sentence and no figure."""
    data = data_of(report(name, "--json", "--from", "2001-01-01", "--to", "2001-01-31"))
    assert data["rows"] == []
    assert data["notes"]


@pytest.mark.parametrize("name", [name for name in NAMES if name != "contact"])
def test_the_widest_span(name: str, report: Any) -> None:
    """The calendar's ends are days like others: the figures are those without bounds."""
    whole = data_of(report(name, "--json"))
    wide = data_of(report(name, "--json", "--from", "0001-01-01", "--to", "9999-12-31"))
    assert [row | {"behind": 0} for row in wide["rows"]] == [
        row | {"behind": 0} for row in whole["rows"]
    ]


@pytest.mark.parametrize("days", ["1e300", "0.0001"])
def test_half_lives_of_any_length(days: str, report: Any) -> None:
    """One that never ends weighs all days alike, one of seconds only the last: both are figures."""
    data = data_of(report("topics", "--half-life", days, "--json"))
    assert data["rows"][0]["topic"] == "points"


@pytest.mark.parametrize(
    ("name", "args", "why"),
    [
        ("contact", ["--from", "2026-01-01"], "give --day"),
        ("contact", ["--day", "2999-01-01"], "is yet to come"),
        ("contact", ["--day", "yesterday"], "yesterday"),
        ("contact", ["--least", "0"], "--least"),
        ("loss", ["--node", "chargse"], "Did you mean charges?"),
        ("order", ["--language", "fr"], "There is no language fr"),
        ("topics", ["--half-life", "0"], "--half-life"),
        ("journeys", ["--depth", "5"], "--depth"),
        ("topics", ["--from", "2026-02-01", "--to", "2026-01-01"], "swap them"),
    ],
)
def test_questions_without_an_answer(name: str, args: list[str], why: str, report: Any) -> None:
    """One clear line and status 2, never a wrong figure."""
    done = report(name, *args)
    assert done.exit_code == 2
    assert why in done.output
