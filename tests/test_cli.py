"""The commands as people type them: answers, records, and what they are told when it goes wrong."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner, Result
from house_case import ROOT, make_home, toned_site

from hotline.cli import cli
from ledger import records
from ledger.ledger import Ledger

NUMBER = "13800138000"
COMMANDS = (
    "serve", "call", "sms", "check", "report", "actions", "schema", "diagram", "trial", "versions",
    "rollback", "prompts",
)  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped menus with tones for audio."""
    return toned_site(tmp_path_factory.mktemp("site"))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A fresh state folder."""
    return make_home(tmp_path)


@pytest.fixture
def hotline(site: Path, home: Path) -> Iterator[Any]:
    """Runs a command in this process."""

    def run(*args: str, stdin: str = "") -> Result:
        return CliRunner().invoke(cli, ["--site", str(site), "--home", str(home), *args], stdin)

    return run


def cold(*args: str, env: dict[str, str] | None = None, cwd: Path | None = None) -> Any:
    """Runs a command as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "hotline.cli", *args],
        check=False,
        capture_output=True,
        text=True,
        timeout=100,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", **(env or {})},
    )


def rows(home: Path, kind: type) -> list[Any]:
    """Rows of the record."""
    with Ledger.open(home / "ledger.db") as ledger:
        return ledger.rows(kind)


# -- texts and calls -------------------------------------------------------------------------------


def test_a_text_is_answered_and_recorded(site: Path, home: Path) -> None:
    """A process of its own, as in the README: reply, outcome, status 0, kept as rehearsal."""
    done = cold("--site", str(site), "--home", str(home), "sms", NUMBER, "CXYE")
    assert done.returncode == 0, done.stderr
    assert "话费余额58.60元" in done.stdout
    assert "succeeded  balance" in done.stdout
    (request,) = rows(home, records.Request)
    assert (request.traffic, request.channel, request.leaf) == ("rehearsal", "text", "balance")
    with Ledger.open(home / "ledger.db") as ledger:
        (reply,) = ledger.rows(records.Outbox)
        assert ledger.outbox_carried(str(reply.inbound))  # shown here, so sent by nobody
        assert reply.number == ""


def test_a_text_of_several_words_needs_no_quotes(hotline: Any) -> None:
    """What follows the number is the text."""
    told = hotline("sms", NUMBER, "KTYETX", "50")
    assert told.exit_code == 0
    assert "50" in told.output
    assert "open  enable_alert/balance_alert" in told.output


def test_a_dialogue_goes_on_with_the_next_command(hotline: Any, home: Path) -> None:
    """The question of one command is answered by the next one."""
    assert "1" in hotline("sms", NUMBER, "KTLDXS").output
    told = hotline("sms", NUMBER, "是")
    assert "succeeded  enable/caller_id" in told.output
    assert [row.outcome for row in rows(home, records.Closing)] == ["succeeded"]


def test_a_failed_request_is_no_failed_command(hotline: Any) -> None:
    """The dialogue was carried out: status 0, whatever came of it."""
    told = hotline("sms", NUMBER, "XYZXYZ")
    assert told.exit_code == 0
    assert "unknown_command  none" in told.output


def test_a_call_with_keys(hotline: Any, home: Path) -> None:
    """What is said, the keys, and the outcome; after the last key the caller hangs up."""
    told = hotline("call", NUMBER, "--keys", "1 1")
    assert told.exit_code == 0
    lines = told.output.splitlines()
    assert lines[0].startswith("☎ 您好")
    assert [line for line in lines if line.startswith("⌨")] == ["⌨ 1", "⌨ 1", "⌨ x"]
    assert any("58.60" in line for line in lines)
    assert lines[-1] == "succeeded  balance"
    (end,) = rows(home, records.CallEnd)
    assert (end.by, end.traffic, end.leaves) == ("caller", "rehearsal", 1)


def test_silence_and_hanging_up_are_items_too(hotline: Any, home: Path) -> None:
    """`-` lets the time run out, `x` hangs up and nothing may follow."""
    told = hotline("call", NUMBER, "--keys", "- x")
    assert [line for line in told.output.splitlines() if line.startswith("⌨")] == ["⌨ -", "⌨ x"]
    assert rows(home, records.Request) == []
    (end,) = rows(home, records.CallEnd)
    assert end.leaves == 0


def test_a_transcript(hotline: Any) -> None:
    """--json: inputs, said texts with typed values, requests; nothing formatted."""
    told = hotline("call", NUMBER, "--keys", "1 1", "--json")
    transcript = json.loads(told.output)
    assert transcript["channel"] == "voice"
    assert transcript["inputs"] == ["1", "1", "x"]
    assert transcript["said"][0][0] == "welcome"
    answer, _, spent = transcript["said"][2][0].rpartition(":")
    assert answer == "balance_is balance=money:5860 spent=money"
    assert int(spent) > 0  # this month's so far: it grows with the day
    assert transcript["requests"] == [{"leaf": "balance", "result": "succeeded"}]
    text = json.loads(hotline("sms", NUMBER, "CXYE", "--json").output)
    assert (text["channel"], text["inputs"]) == ("text", ["CXYE"])


def test_a_withheld_number_is_asked_for(hotline: Any) -> None:
    """`-` for the number: the call has none."""
    told = json.loads(hotline("call", "-", "--keys", "1 1", "--json").output)
    assert told["said"][2][0] == "ask_number"


def test_keys_typed_in_the_terminal(hotline: Any) -> None:
    """Without --keys each line is an entry, an empty one silence, x the end."""
    told = hotline("call", NUMBER, stdin="1\nwhat\n1\n\nx\n")
    assert told.exit_code == 0
    assert "0-9 * #" in told.output  # the third line is told what may be typed
    assert "58.60" in told.output
    assert told.output.rstrip().endswith("succeeded  balance")


def test_the_end_of_input_hangs_up(hotline: Any, home: Path) -> None:
    """A pipe that ends is a caller who hangs up; nothing is left open."""
    told = hotline("call", NUMBER, stdin="3\n")
    assert told.exit_code == 0
    assert [row.by for row in rows(home, records.CallEnd)] == ["caller"]


# -- where things are ------------------------------------------------------------------------------


def test_home_is_found_by_option_variable_or_site(site: Path, tmp_path: Path) -> None:
    """--home, else HOTLINE_HOME, else the site's var/; --site stands before or behind."""
    by_option, by_variable = make_home(tmp_path / "a"), make_home(tmp_path / "b")
    env = {"HOTLINE_HOME": str(by_variable)}
    cold("sms", NUMBER, "CXYE", "--site", str(site), "--home", str(by_option), env=env)
    assert len(rows(by_option, records.Request)) == 1
    cold("sms", NUMBER, "CXJF", cwd=site, env=env)
    assert [row.leaf for row in rows(by_variable, records.Request)] == ["points"]


def test_the_sites_own_folder_is_the_last_choice(site: Path, tmp_path: Path) -> None:
    """Without anything else the state stands in var/ beside menus.yaml."""
    own = shutil.copytree(site, tmp_path / "own")
    shutil.copytree(make_home(tmp_path), own / "var")
    env = {"HOTLINE_HOME": ""}
    assert cold("--site", str(own), "sms", NUMBER, "CXYE", env=env).returncode == 0
    assert len(rows(own / "var", records.Request)) == 1


# -- bad input -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "hint"),
    [
        (("sms", "abc", "CXYE"), "13800138000"),
        (("sms", "12", "CXYE"), "13800138000"),
        (("sms", NUMBER), "TEXT"),
        (("sms", NUMBER, "CXYE", "--to", "10011"), "10086"),
        (("call", NUMBER, "--keys", "1 q"), "0-9 * #"),
        (("call", NUMBER, "--json"), "--keys"),
        (("report", "failures", "--by", "week"), "month"),
        (("report", "failures", "--traffic", "fake"), "rehearsal"),
        (("report", "failures", "--from", "2026-13-01"), "%Y-%m-%d"),
        (("report", "failures", "--from", "2026-03-02", "--to", "2026-03-01"), "--to"),
        (("serve", "--agi-port", "99999"), "65535"),
        (("serve", "--bss-faults", "nowhere.json"), "nowhere.json"),
        (("serve", "--core", "9999"), "cores to choose from: "),
        (("chek",), "check"),
        (("check", "nowhere.yaml"), "nowhere.yaml"),
    ],
)
def test_bad_input_is_one_line_that_says_what_to_do(
    hotline: Any, args: tuple[str, ...], hint: str
) -> None:
    """Status 2, the last line names what is wrong and what would be right; no trace."""
    told = hotline(*args)
    assert told.exit_code == 2
    last = told.output.rstrip().splitlines()[-1]
    assert last.startswith("Error: ")
    assert hint in last
    assert "Traceback" not in told.output


@pytest.mark.parametrize(
    ("args", "hint"),
    [
        (("--site", "nowhere", "sms", NUMBER, "CXYE"), "--site"),
        (("--site", "{site}", "--home", "/proc/self/none", "sms", NUMBER, "CXYE"), "--home"),
    ],
)
def test_bad_folders_are_one_line(site: Path, args: tuple[str, ...], hint: str) -> None:
    """In both languages, with status 2 and without a trace."""
    done = cold(*(arg.format(site=site) for arg in args))
    assert done.returncode == 2
    (line,) = done.stderr.strip().splitlines()
    assert hint in line
    assert "请用" in line


def test_a_record_that_is_none_is_told(site: Path, home: Path) -> None:
    """A file that is no database is named; nothing is overwritten."""
    file = home / "ledger.db"
    for path in home.glob("ledger.db*"):
        path.unlink()
    file.write_text("not a database at all, but long enough to look at")
    done = cold("--site", str(site), "--home", str(home), "sms", NUMBER, "CXYE")
    assert done.returncode != 0
    assert "ledger.db" in done.stderr
    assert "Traceback" not in done.stderr
    assert file.read_text().startswith("not a database")


def test_menus_with_errors_serve_nobody(site: Path, home: Path, tmp_path: Path) -> None:
    """The findings are shown with their places, status 1, and no text was taken."""
    bad = tmp_path / "bad"
    shutil.copytree(site, bad)
    file = bad / "menus.yaml"
    file.write_text(file.read_text("utf-8").replace("to: caller_id_menu}", "to: nowhere}"), "utf-8")
    told = CliRunner().invoke(cli, ["--site", str(bad), "--home", str(home), "sms", NUMBER, "CXYE"])
    assert told.exit_code == 1
    assert "menus.yaml:" in told.output
    assert "nowhere" in told.output
    assert rows(home, records.Request) == []


# -- help ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "args",
    [
        (),
        *((name,) for name in COMMANDS),
        ("report", "failures"),
        ("trial", "start"),
        ("trial", "stop"),
        ("versions", "show"),
    ],
)
def test_help_speaks_both_languages(hotline: Any, args: tuple[str, ...]) -> None:
    """Every command says what it does and what its options mean, in Chinese and in English."""
    told = hotline(*args, "--help")
    assert told.exit_code == 0
    assert any("\u4e00" <= c <= "\u9fff" for c in told.output)
    assert "Usage: " in told.output
    for line in told.output.splitlines():
        if line.strip().startswith("--") and "version" not in line:
            assert any("\u4e00" <= c <= "\u9fff" for c in told.output)


def test_the_list_of_commands_is_complete(hotline: Any) -> None:
    """The help names every command; the version is told."""
    listed = hotline("--help").output
    assert all(f"\n  {name} " in listed for name in COMMANDS)
    assert hotline("--version").output.startswith("hotline ")


# -- check, actions, schema, diagram ---------------------------------------------------------------


def test_check_of_a_good_site(hotline: Any) -> None:
    """Counts and version; as JSON: ok, digest, findings."""
    told = hotline("check")
    assert told.exit_code == 0
    assert told.output.rstrip().splitlines()[-1].startswith("✓")
    data = json.loads(hotline("check", "--json").output)
    assert data["ok"] is True
    assert len(data["digest"]) == 64
    assert all(finding["severity"] == "warning" for finding in data["findings"])


def test_check_of_a_bad_file(hotline: Any, site: Path, tmp_path: Path) -> None:
    """All findings at once, each with file, line and column; status 1."""
    shutil.copytree(site, tmp_path / "bad")
    file = tmp_path / "bad" / "menus.yaml"
    text = file.read_text("utf-8").replace("to: caller_id_menu}", "to: nowhere}")
    file.write_text(text.replace("main_intro\n", "no_such_text\n", 1), "utf-8")
    told = hotline("check", str(file), "--json")
    assert told.exit_code == 1
    data = json.loads(told.output)
    assert data["ok"] is False
    codes = {finding["code"] for finding in data["findings"]}
    assert {"unknown_node", "unknown_text"} <= codes
    for finding in data["findings"]:
        assert finding["line"] > 0
        assert finding["column"] > 0
        assert finding["file"] == "menus.yaml"
    plain = hotline("check", str(file))
    assert plain.exit_code == 1
    assert plain.output.rstrip().splitlines()[-1].startswith("✗")


def test_the_schema_is_one(hotline: Any) -> None:
    """Editors can use it: a schema of the draft that it names, closed against slips."""
    schema = json.loads(hotline("schema").output)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"].endswith("2020-12/schema")
    assert schema["additionalProperties"] is False


def test_the_actions_are_listed(hotline: Any) -> None:
    """Arguments, values and outcomes, for people and as JSON."""
    told = hotline("actions").output
    assert "query balance()" in told
    assert "order subscribe(" in told
    data = json.loads(hotline("actions", "--json").output)
    names = {(row["kind"], row["name"]) for row in data}
    assert {("query", "balance"), ("order", "subscribe"), ("verify", "subscriber")} <= names


def test_the_diagram_is_mermaid(hotline: Any) -> None:
    """The menu tree, to be pasted where Mermaid is drawn."""
    told = hotline("diagram")
    assert told.output.startswith(("flowchart", "graph"))
    assert "caller_id_menu" in told.output


# -- serve -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_serve_says_what_listens_and_ends_cleanly(site: Path, home: Path, how: int) -> None:
    """Ports are printed, health is told, Ctrl-C and SIGTERM end with status 0; on one core."""
    core = max(os.sched_getaffinity(0))
    with subprocess.Popen(
        [
            sys.executable, "-m", "hotline.cli", "--site", str(site), "--home", str(home), "serve",
            "--agi-port", "0", "--http-port", "0", "--core", str(core),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1"},
    ) as served:  # fmt: skip
        assert served.stdout is not None
        lines: list[str] = []
        url = ""
        while not url:
            lines.append(served.stdout.readline())
            assert lines[-1], "".join(lines)
            url = next((word for word in lines[-1].split() if word.startswith("http://")), "")
        assert any("agi://127.0.0.1:" in line for line in lines)
        with urllib.request.urlopen(f"{url}health", timeout=30) as health:
            assert json.load(health)["status"] == "ok"
        assert os.sched_getaffinity(served.pid) == {core}
        served.send_signal(how)
        rest = served.stdout.read()
        assert served.wait(60) == 0, rest
        assert "Ended" in rest
        assert "Traceback" not in rest


def test_a_port_that_is_taken_is_told(site: Path, home: Path) -> None:
    """Another server on the port: one line says which options to use."""
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = cold(
            "--site", str(site), "--home", str(home), "serve", "--agi-port", port,
            "--http-port", "0",
        )  # fmt: skip
    assert done.returncode == 1
    assert "--agi-port" in done.stderr
    assert "Traceback" not in done.stderr
