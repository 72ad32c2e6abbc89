"""`hotline tune`: from demo traffic to a changed menus.yaml that serves."""

from __future__ import annotations

import json
import shutil
import sys
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result
from house_case import ROOT

from hotline.cli import cli
from hotline.reporting import Asked, Context
from hotline.settings import from_environment
from hotline.tuning import MovedError, Wish, apply, checked_site, propose
from hotline.versions import Versions
from ledger.ledger import Ledger
from menus.edits import Line, edited
from menus.loader import load
from menus.model import Menu


def make_site(folder: Path) -> Path:
    """The shipped site, with its real audio."""
    for file in ("menus.yaml", "topics.yaml"):
        shutil.copy(ROOT / file, folder)
    (folder / "prompts").symlink_to(ROOT / "prompts")
    return folder


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A record with some weeks of demo traffic, always the same days."""
    folder = tmp_path_factory.mktemp("played")
    place = ["--site", str(make_site(folder)), "--home", str(folder / "var")]
    days = ["--from", "2025-03-03", "--days", "16", "--calls-per-day", "240"]
    done = CliRunner().invoke(cli, [*place, "demo-traffic", *days])
    assert done.exit_code == 0, done.output
    return folder / "var"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site of its own, which a test may change."""
    return make_site(tmp_path)


@pytest.fixture
def tune(site: Path, played: Path, tmp_path: Path) -> Any:
    """Runs `hotline tune` on the site, on a copy of the record when it is to be changed."""
    copied: list[Path] = []

    def run(*args: str, traffic: str = "demo", status: int = 0) -> Result:
        home = played
        if "--apply" in args or copied:
            if not copied:
                copied.append(Path(shutil.copytree(played, tmp_path / "home")))
            home = copied[0]
        place = ["--site", str(site), "--home", str(home)]
        done = CliRunner().invoke(cli, [*place, "tune", "--traffic", traffic, *args])
        assert done.exit_code == status, done.output
        return done

    return run


def choices(site: Path, menu: str) -> list[tuple[str, str]]:
    """Key and target of a menu's choices."""
    model, _ = load(site)
    assert model is not None
    node = model.nodes[menu]
    assert isinstance(node, Menu)
    return [(choice.key, choice.to) for choice in node.choices]


def test_it_explains_itself(tune: Any) -> None:
    """Waterfall, menus, gains and a diff, in both languages, with what they rest on."""
    said = tune().stdout
    for words in (
        "每通电话听菜单的时间 seconds of menus a call",
        "traffic demo",
        "按键申请 requests by key",
        "今天 today",
        "最佳次序（遵守全部约束） best order, all rules kept",
        "任何菜单的下限 lower bound for any menu",
        "次序得分 order score",
        "建议调整 change",
        "数据太少 too few data",
        "重记按键 relearning",
        "建议调整 ",
        "Menus to change: ",
        "--- menus.yaml",
        '+      - {key: "3", label: label_gprs,          to: gprs_menu}            # (303)',
    ):
        assert words in said
    assert said.index("每通电话") < said.index("各菜单的次序") < said.index("--- menus.yaml")


def test_its_figures_as_data(tune: Any) -> None:
    """JSON: today lies between best and worst, everything has its interval and its basis."""
    data = json.loads(tune("--json").stdout)
    assert data["traffic"] == "demo"
    assert data["language"] == "zh-CN"
    assert 200 < data["calls_a_day"] < 300
    assert data["requests"]["agents"] > 0
    assert data["calls_looked_at"] > 500
    fall = data["waterfall"]
    assert fall["bound"] < fall["shortcuts"] <= fall["free"] <= fall["pinned"] < fall["today"]
    assert fall["today"] < fall["worst"]
    business = next(menu for menu in data["menus"] if menu["menu"] == "business")
    assert business["kept"]["verdict"] == "change"
    assert business["kept"]["order"][0] == "3"
    saved = business["kept"]["saved"]
    assert 0 < saved["low"] < saved["mean"] < saved["high"]
    assert business["kept"]["failures"]["high"] < 0
    assert business["renumbered"]["relearn"] > 0
    assert sum(line["share"] for line in business["lines"]) == pytest.approx(1)
    assert all(0 < line["early"] < 1 for line in business["lines"])
    assert data["diff"].startswith("--- menus.yaml")


def test_the_planted_order_is_found(tune: Any, played: Path) -> None:
    """Where the record is enough to change a menu, the new order is nearly the planted best."""
    planted = json.loads((played / "demo-truth.json").read_text("utf-8"))["planted"]["orders"]
    changed = [m for m in json.loads(tune("--json").stdout)["menus"]
               if m["kept"]["verdict"] == "change"]  # fmt: skip
    assert len(changed) >= 4
    for menu in changed:
        truth = planted[menu["menu"]]
        weights, lengths = truth["weights"], {line["key"]: line["length"] for line in menu["lines"]}

        def seconds(order: list[str], weights: Any = weights, lengths: Any = lengths) -> float:
            at, total = 0.0, 0.0
            for key in order:
                at += lengths[key]
                total += weights[key] * at
            return total / sum(weights.values())

        today, best, new = (
            seconds(x) for x in (truth["today"], truth["best"], menu["kept"]["order"])
        )
        assert new < today
        assert new - best <= 0.2 * (today - best), menu["menu"]


def test_without_data_no_change_is_justified(tune: Any) -> None:
    """No traffic of that kind: one clear sentence, and no diff."""
    said = tune(traffic="real").stdout
    assert "没有 real 话务的申请" in said
    assert "目前没有理由改动。 No change is justified yet." in said
    assert "---" not in said
    data = json.loads(tune("--json", traffic="real").stdout)
    assert data["waterfall"] is None
    assert data["diff"] == ""
    assert {menu["kept"]["verdict"] for menu in data["menus"]} == {"no_data"}


def test_one_menu_alone(tune: Any) -> None:
    """`--menu` proposes nothing for the others."""
    diff = tune("--menu", "business", "--diff").stdout
    assert diff.count("@@ ") == 1
    assert "label_gprs" in diff


def test_keys_renumbered(tune: Any) -> None:
    """`--renumber` writes rising keys; both variants are in the figures either way."""
    diff = tune("--menu", "business", "--renumber", "--diff").stdout
    assert (
        '+      - {key: "1", label: label_gprs,          to: gprs_menu}            # (303)' in diff
    )


def test_shortcuts(tune: Any, site: Path) -> None:
    """Hot leaves one menu below the top are candidates; deeper ones need a label of the site's."""
    (site / "tuning.yaml").write_text("format: 1\nleast_seconds: 0\n")
    done = tune("--shortcuts", "1", "--menu", "language")
    assert "捷径 shortcuts: 5 " in done.stdout
    assert "本月 this month" not in done.stdout.split("捷径 shortcuts: 5 ")[1]
    added = [line for line in done.stdout.splitlines() if line.startswith("+ ")]
    assert any('key: "5"' in line for line in added)
    both = tune("--shortcuts", "1", "--renumber", status=2)
    assert "不能一起用" in both.stderr


def test_rules_of_the_site(tune: Any, site: Path) -> None:
    """tuning.yaml holds the order; a fault in it is told with its place and status 1."""
    (site / "tuning.yaml").write_text(
        "format: 1\nmenus: {business: {first: [label_caller_id]}, charges: {fixed: yes}}\n"
    )
    data = json.loads(tune("--json").stdout)
    menus = {menu["menu"]: menu["kept"] for menu in data["menus"]}
    assert menus["business"]["order"][0] == "1"
    assert menus["charges"]["verdict"] == "fixed"
    (site / "tuning.yaml").write_text("format: 1\nmenus: {busines: {fixed: yes}}\n")
    assert "tuning.yaml:2:9" in tune(status=1).stderr


def test_another_language(tune: Any) -> None:
    """Its audio has other lengths."""
    chinese, english = (
        json.loads(tune("--json", "--menu", "charges", "--language", language).stdout)["menus"][0]
        for language in ("zh-CN", "en")
    )
    assert chinese["lines"][0]["length"] != english["lines"][0]["length"]
    assert "没有语言 fr" in tune("--language", "fr", status=2).stderr


def test_a_menu_that_is_not_there(tune: Any) -> None:
    """The nearest one is named."""
    assert "bussiness" in tune("--menu", "bussiness", status=2).stderr
    assert "business" in tune("--menu", "bussiness", status=2).stderr


def test_written_elsewhere(tune: Any, site: Path, tmp_path: Path) -> None:
    """`--write` leaves the site as it is; the file passes the check."""
    before = (site / "menus.yaml").read_bytes()
    file = site / "proposed.yaml"
    tune("--diff", "--write", str(file))
    assert (site / "menus.yaml").read_bytes() == before
    assert file.read_bytes() != before
    checked = CliRunner().invoke(cli, ["check", str(file)])
    assert checked.exit_code == 0, checked.output
    assert "不能写入" in tune("--diff", "--write", str(tmp_path / "no" / "file"), status=2).stderr


def test_applied(tune: Any, site: Path, tmp_path: Path) -> None:
    """`--apply` writes menus.yaml and makes it the serving version, with author and note."""
    before = (site / "menus.yaml").read_text("utf-8")
    done = tune("--diff", "--apply", "--author", "Li", "--note", "hot topics of March")
    assert "✓ 现行版本 serving" in done.stderr
    assert choices(site, "business")[0] == ("3", "gprs_menu")
    model, _ = load(site)
    assert model is not None
    with Ledger.open(tmp_path / "home" / "ledger.db") as ledger:
        assert ledger.serving() == model.digest
        act = ledger.servings()[0]
        assert (act.author, act.note) == ("Li", "hot topics of March")
        version = ledger.version(model.digest)
        assert version is not None
        after = json.loads(version.sources)["menus.yaml"]
    assert after == (site / "menus.yaml").read_text("utf-8")
    assert sorted(after.splitlines()) == sorted(before.splitlines())
    assert not list(site.glob("menus.yaml.*"))
    again = tune("--diff", "--apply")
    moved = [line for line in again.stdout.splitlines() if line.startswith(("+ ", "- "))]
    assert len(moved) < 8  # what was just done is not done again
    unchanged = tune("--menu", "business", "--apply")
    assert "没有改动" in unchanged.stderr


def test_menus_at_their_best_are_left_alone(played: Path, tmp_path: Path) -> None:
    """Traffic of the same people on the planted best menus: whatever chance brings, no change."""
    planted = json.loads((played / "demo-truth.json").read_text("utf-8"))["planted"]["orders"]
    site = make_site(tmp_path)
    model, _ = load(site)
    assert model is not None
    best = {}
    for id_, order in planted.items():
        keys = [key for key, _ in choices(site, id_)]
        best[id_] = tuple(Line(id_, keys.index(key)) for key in order["best"])
    file = site / "menus.yaml"
    file.write_text(edited(file.read_text("utf-8"), best), "utf-8")
    place = ["--site", str(site), "--home", str(tmp_path / "home")]
    days = ["--from", "2025-03-03", "--days", "12", "--calls-per-day", "120", "--seed", "5"]
    demo = ["demo-traffic", *days]
    for command in (demo, ["tune", "--traffic", "demo", "--diff"]):
        done = CliRunner().invoke(cli, [*place, *command])
        assert done.exit_code == 0, done.output
    assert done.stdout == ""


def test_the_files_must_not_change_meanwhile(site: Path, played: Path, tmp_path: Path) -> None:
    """An edit between the proposal and its writing is not overwritten, and nothing is served."""
    home = shutil.copytree(played, tmp_path / "home")
    with Ledger.open(home / "ledger.db") as ledger:
        settings, now = from_environment(site, home), datetime.now(ZoneInfo("Asia/Shanghai"))
        context = Context(settings, ledger, Asked("demo"), now)
        proposed = propose(context, checked_site(site), Wish())
        assert proposed.new is not None
        with (site / "menus.yaml").open("a", encoding="utf-8") as file:
            file.write("# an edit\n")
        serving = ledger.serving()
        with pytest.raises(MovedError):
            apply(proposed, proposed.new, Versions(ledger, now=lambda: 1), "", "")
        assert ledger.serving() == serving
    assert (site / "menus.yaml").read_text("utf-8").endswith("# an edit\n")
    assert not list(site.glob("*.half"))


def test_without_the_extra_one_line_says_what_to_install(tune: Any, monkeypatch: Any) -> None:
    """A serving install has no numpy: the command says so and nothing else fails."""
    monkeypatch.setitem(sys.modules, "numpy", None)
    assert "pip install 'hotline[analysis]'" in tune(status=1).stderr


# -- replay ---------------------------------------------------------------------------------------


@pytest.fixture
def replay(site: Path, played: Path) -> Any:
    """Runs `hotline replay` of a file on the played record."""

    def run(file: Path, *args: str, traffic: str = "demo", status: int = 0) -> Result:
        place = ["--site", str(site), "--home", str(played)]
        done = CliRunner().invoke(cli, [*place, "replay", str(file), "--traffic", traffic, *args])
        assert done.exit_code == status, done.output
        return done

    return run


def counts(data: Any) -> dict[str, int]:
    """How many legs had each result."""
    return {row["result"]: row["legs"]["n"] for row in data["rows"]}


def test_replayed_on_their_own_menus_all_calls_are_the_same(replay: Any, site: Path) -> None:
    """Every recorded call that reached a leaf reaches it again in exactly its time."""
    found = counts(json.loads(replay(site / "menus.yaml", "--limit", "0", "--json").stdout))
    assert set(found) == {"same", "agent", "unknown"}
    assert found["same"] > 1500


def test_a_proposal_replayed(tune: Any, replay: Any, site: Path) -> None:
    """With keys kept nobody gets lost, and calls are shorter; renumbered, regulars get lost."""
    kept, renumbered = site / "kept.yaml", site / "renumbered.yaml"
    tune("--diff", "--write", str(kept))
    tune("--diff", "--renumber", "--write", str(renumbered))
    data = json.loads(replay(kept, "--limit", "800", "--json").stdout)
    assert data["calls"] == "800"
    found = counts(data)
    assert found["sooner"] > found["later"]
    assert "astray" not in found
    assert "no_way" not in found
    assert all(row["lost"] == 0 for row in data["leaves"])
    assert {row["result"]: row["examples"] for row in data["rows"]}["sooner"]
    said = replay(renumbered, "--limit", "800").stdout
    for words in (
        "重放 replay",
        "更快到达 sooner",
        "按错：记得的按键已换 lost: the key they know leads elsewhere",
        "expected to hang up",
        "要什么不知道",
        "重放：各业务 replay by leaf",
    ):
        assert words in said


def test_replay_tells_what_is_wrong(replay: Any, site: Path) -> None:
    """A file with an error, days without calls, days the wrong way round."""
    bad = site / "bad.yaml"
    text = (site / "menus.yaml").read_text("utf-8")
    line = text[: text.index("to: charges}")].count("\n") + 1
    bad.write_text(text.replace("to: charges}", "to: nowhere}"), "utf-8")
    assert f"bad.yaml:{line}:" in replay(bad, status=1).stderr
    assert "没有 real 话务的通话可以重放" in replay(site / "menus.yaml", traffic="real").stdout
    swapped = ("--from", "2026-02-01", "--to", "2026-01-01")
    assert "swap them" in replay(site / "menus.yaml", *swapped, status=2).stderr
