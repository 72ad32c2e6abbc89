"""`hotline report`: the figures of rehearsed dialogues, counted in two ways."""

from __future__ import annotations

import csv
import io
import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from house_case import make_home, toned_site

from hotline.cli import cli

NUMBER = "13800138000"
BY = (
    "month", "day", "hour", "node", "service", "kind", "keyword", "channel", "brand", "version",
    "class", "cause", "reason",
)  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped menus with tones for audio."""
    return toned_site(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def played(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder after some rehearsed dialogues, good and bad."""
    home = make_home(tmp_path_factory.mktemp("played"))
    place = ["--site", str(site), "--home", str(home)]
    for args in (
        ["sms", NUMBER, "CXYE"],
        ["sms", NUMBER, "WHAT"],
        ["sms", NUMBER, "KTLDXS"],
        ["sms", NUMBER, "是"],
        ["call", NUMBER, "--keys", "1 1"],
        ["call", NUMBER, "--keys", "3 4 1 *"],
        ["call", NUMBER, "--keys", "3 4 1"],
        ["call", NUMBER, "--keys", "x"],
    ):
        assert CliRunner().invoke(cli, [*place, *args]).exit_code == 0
    return home


@pytest.fixture
def report(site: Path, played: Path) -> Any:
    """Runs `hotline report failures` on the played dialogues."""

    def run(*args: str) -> str:
        place = ["--site", str(site), "--home", str(played)]
        told = CliRunner().invoke(
            cli, [*place, "report", "failures", "--traffic", "rehearsal", *args]
        )
        assert told.exit_code == 0, told.output
        return told.output

    return run


def steady(data: Any) -> Any:
    """A report without the moment at which it was made."""
    return {key: value for key, value in data.items() if key != "as_of"}


@pytest.mark.parametrize("by", ["", *BY])
def test_rebuilding_a_report_gives_the_same_figures(report: Any, by: str) -> None:
    """Tallies and rows are two ways to one number, for every grouping."""
    how = ("--by", by) if by else ()
    counted, rebuilt = (json.loads(report(*how, "--json", *more)) for more in ((), ("--rebuild",)))
    assert steady(counted) == steady(rebuilt)
    assert counted["rows"]


def test_rates_come_with_their_numerators_and_denominators(report: Any) -> None:
    """R1, R2 and R3, as a table, as JSON and as CSV."""
    data = json.loads(report("--json"))
    rates = {row["rate"]: row["failure_rate"] for row in data["rows"]}
    assert set(rates) >= {"R1", "R2", "R3"}
    assert rates["R2"]["of"] == 6
    assert rates["R2"]["n"] == 2  # an unknown code and an abandoned price
    assert rates["R3"]["of"] == 7  # and a call that ended before any leaf
    r1 = rates["R1"]  # voice, changes: one declined
    assert r1 == {"n": 1, "of": 2, "percent": 50.0, "low": 9.45, "high": 90.55}
    table = report()
    assert "R1" in table
    assert "50" in table
    (head, *lines) = csv.reader(io.StringIO(report("--csv")))
    assert {"rate", "failure_rate_n", "failure_rate_of"} <= set(head)
    assert [line[0] for line in lines][:3] == ["R1", "R2", "R3"]


def test_failures_have_class_cause_and_reason(report: Any) -> None:
    """The record's reasons, and what the versioned table makes of them."""
    for by, word in (("reason", "unknown_command"), ("cause", "unknown_code")):
        assert word in report("--by", by, "--json")
    assert "operation" in report("--by", "class", "--json")


def test_kinds_of_traffic_are_not_mixed(site: Path, played: Path) -> None:
    """Rehearsals are in no report of real traffic."""
    place = ["--site", str(site), "--home", str(played)]
    told = CliRunner().invoke(cli, [*place, "report", "failures", "--json"])
    assert all(row["failure_rate"]["of"] == 0 for row in json.loads(told.output)["rows"])


def test_days_bound_a_report(report: Any) -> None:
    """What happened today is not in last year's report."""
    data = json.loads(report("--from", "2001-01-01", "--to", "2001-12-31", "--json"))
    assert all(row["failure_rate"]["of"] == 0 for row in data["rows"])


REPORTS = (
    ["failures"], ["failures", "--by", "day"], ["layers"], ["layers", "--by", "node"], ["errors"],
    ["target"],
)  # fmt: skip


@pytest.fixture
def told(site: Path, played: Path) -> Any:
    """Runs `hotline report NAME` on the played dialogues; what it printed and its status."""

    def run(*args: str) -> Any:
        place = ["--site", str(site), "--home", str(played)]
        traffic = [] if "--traffic" in args else ["--traffic", "rehearsal"]
        return CliRunner().invoke(cli, [*place, "report", *args, *traffic])

    return run


@pytest.mark.parametrize("args", REPORTS, ids=" ".join)
def test_every_report_has_every_form(told: Any, args: list[str], tmp_path: Path) -> None:
    """Table, JSON, CSV and page, each with its traffic and its as-of time."""
    table = told(*args)
    assert table.exit_code == 0, table.output
    assert "traffic rehearsal" in table.output
    assert "hotline report requests --traffic rehearsal" in table.output
    data = json.loads(told(*args, "--json").output)
    assert data["traffic"] == "rehearsal"
    assert data["as_of"]
    lines = list(csv.DictReader(io.StringIO(told(*args, "--csv").output)))
    assert len(lines) == len(data["rows"]) > 0
    page = tmp_path / "new" / "page.html"
    wrote = told(*args, "--html", str(page))
    assert wrote.exit_code == 0, wrote.output
    assert "<svg" in page.read_text("utf-8") or args == ["failures"]


def test_the_command_under_a_report_opens_its_first_row(told: Any) -> None:
    """As printed it runs, and lists as many requests as the row's numerator."""
    data = json.loads(told("failures", "--json").output)
    last = told("failures").output.splitlines()[-1]
    words = shlex.split(last.partition("hotline report ")[2])
    listed = json.loads(told(*words, "--json").output)
    assert len(listed["rows"]) == data["rows"][0]["failure_rate"]["n"] == 1
    assert listed["rows"][0]["reason"] == "abandoned"
    assert NUMBER not in json.dumps(listed)


def test_a_page_shows_some_of_the_requests(told: Any, tmp_path: Path) -> None:
    """In the page a row opens to its command and to requests, without any number."""
    page = tmp_path / "page.html"
    assert told("failures", "--by", "node", "--html", str(page)).exit_code == 0
    text = page.read_text("utf-8")
    assert "hotline report requests --traffic rehearsal --rate R2 --node enable" in text
    assert "1 of 1 are listed" in text
    assert NUMBER not in text


@pytest.mark.parametrize("args", REPORTS, ids=" ".join)
def test_rebuilt_reports_are_equal(told: Any, args: list[str]) -> None:
    """From tallies and from rows: the same."""
    counted, rebuilt = (
        json.loads(told(*args, "--json", *more).output) for more in ((), ("--rebuild",))
    )
    assert steady(counted) == steady(rebuilt)


def test_a_report_of_some_requests_says_which(told: Any) -> None:
    """The filter is among the facts and in what opens a row."""
    data = json.loads(told("failures", "--channel", "voice", "--node", "enable", "--json").output)
    assert (data["channel"], data["node"]) == ("voice", "enable")
    assert data["rows"][0]["failure_rate"]["of"] == 2
    assert data["rows"][0]["behind"]["node"] == "enable"
    version = json.loads(told("failures", "--by", "version", "--json").output)["rows"][0]["version"]
    kept = json.loads(told("failures", "--version", version[:6], "--json").output)
    assert kept["rows"] != []


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["failures", "--from", "2026-02-02", "--to", "2026-02-01"], "--from is after --to"),
        (["failures", "--node", "nowhere"], "there are: balance, enable"),
        (["failures", "--channel", "fax"], "there are: text, voice"),
        (["failures", "--version", "ffff"], "no version begins with ffff"),
        (["layers", "--target", "120"], "120"),
        (["failures", "--json", "--html", "page.html"], "--html goes without --json"),
        (["errors", "--tries", "--service", "caller_id"], "--service can't be used here"),
        (["requests", "--cause", "weather"], "No such cause: weather"),
        (["requests", "--outcome", "gone"], "No such outcome: gone; there are: succeeded"),
        (["requests", "--node", "nowhere"], "there are: balance, enable"),
        (["control"], "take more days"),
        (["control", "--baseline", "yesterday"], "Not a span of days"),
        (["compare", "2026-02", "2026-02"], "A and B are the same"),
        (["compare", "2026-02", "2026-02-10..2026-03-01"], "have days in common"),
        (["compare", "2026-02", "abcdef"], "both spans of days, or both menus versions"),
        (["compare", "abcdef", "abcdef"], "no version begins with abcdef"),
        (["compare", "2001-01", "2001-02"], "2001-01-01..2001-01-31 has no requests"),
        (["target", "--baseline", "2001-01"], "it is no baseline"),
    ],
    ids=" ".join,
)
def test_bad_questions_are_one_sentence(told: Any, args: list[str], words: str) -> None:
    """What can't be answered ends with status 2, in both languages, and prints no figure."""
    found = told(*args)
    assert found.exit_code == 2
    assert words in found.output
    assert "%" not in found.output.replace("100 %", "")


def test_a_page_that_can_not_be_written(told: Any, tmp_path: Path) -> None:
    """A folder in the file's place is named."""
    (tmp_path / "file").write_text("", "utf-8")
    found = told("target", "--html", str(tmp_path / "file" / "page.html"))
    assert found.exit_code == 2
    assert "Can't write" in found.output
