"""tuning.yaml: what it may say, and where it is wrong."""

from __future__ import annotations

import re
from pathlib import Path

import jsonschema
import pytest
import yaml
from house_case import ROOT, site

from menus.schema import json_schema
from tuning.lineup import Lineup, Option, keeps_to
from tuning.order import best
from tuning.rules import TUNING, MenuRules, Rules, constrained, load_rules

MODEL = site()[1]

GOOD = """\
format: 1
horizon_days: 60
relearning: {seconds: 8, days: 20}
least_seconds: 0.2
aim: success
shortcuts: {most: 3, how: moved, labels: {enable/caller_id: label_caller_id}}
menus:
  main:
    first: [label_charges]
    last: [label_language]
    before: [[label_business, label_another]]
  charges:
    at: {"3": label_data_usage}
    together: [[label_bill, label_last_bill]]
    keep_keys: [label_balance]
  account: {fixed: yes}
"""


def rules_of(folder: Path, text: str) -> tuple[Rules | None, list[str]]:
    """The rules of a file, and its findings as `line:column code`."""
    (folder / "tuning.yaml").write_text(text, "utf-8")
    rules, findings = load_rules(folder, MODEL)
    for found in findings:
        assert found.place.file == "tuning.yaml"
        assert found.message_zh
        assert found.message_en
    return rules, [f"{f.place.line}:{f.place.column} {f.code}" for f in findings]


def test_a_site_without_the_file(tmp_path: Path) -> None:
    """The defaults hold, and nothing is found wrong."""
    assert load_rules(tmp_path, MODEL) == (Rules(), [])


def test_everything_that_it_may_say(tmp_path: Path) -> None:
    """Every key is read."""
    rules, found = rules_of(tmp_path, GOOD)
    assert found == []
    assert rules == Rules(
        60, 8, 20, 0.2, "success", 3, True, {"enable/caller_id": "label_caller_id"},
        {
            "main": MenuRules(
                first=("label_charges",),
                last=("label_language",),
                before=(("label_business", "label_another"),),
            ),
            "charges": MenuRules(
                at={3: "label_data_usage"},
                together=(("label_bill", "label_last_bill"),),
                keep_keys=("label_balance",),
            ),
            "account": MenuRules(fixed=True),
        },
    )  # fmt: skip
    assert rules.relearn == pytest.approx(8 * 20 / 60)
    assert Rules(horizon_days=10).relearn == 5  # a cost is never more than each call's
    assert rules.of("business") == MenuRules()


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("format: 2\n", "1:9 bad_value"),
        ("horizon_days: 9\n", "1:1 missing_key"),
        ("format: 1\nhorizon_days: 0\n", "2:15 bad_value"),
        ("format: 1\nleast_seconds: -1\n", "2:16 bad_value"),
        ("format: 1\naim: fun\n", "2:6 bad_value"),
        ("format: 1\nhorizon: 9\n", "2:1 unknown_key"),
        ("format: 1\nmenus: {mian: {fixed: yes}}\n", "2:9 tuning_unknown_menu"),
        ("format: 1\nmenus: {balance: {fixed: yes}}\n", "2:9 tuning_unknown_menu"),
        ("format: 1\nmenus: {main: {first: [label_charge]}}\n", "2:24 tuning_unknown_option"),
        ("format: 1\nmenus: {main: {at: {'2': nobody}}}\n", "2:26 tuning_unknown_option"),
        ("format: 1\nmenus: {main: {at: {'0': label_charges}}}\n", "2:21 bad_value"),
        ("format: 1\nmenus: {main: {together: [[label_charges]]}}\n", "2:27 too_few"),
        (
            "format: 1\nmenus: {main: {before: [[label_charges, label_x]]}}\n",
            "2:41 tuning_unknown_option",
        ),
        (
            "format: 1\nmenus:\n  main: {first: [label_charges], last: [label_charges]}\n",
            "3:3 tuning_impossible",
        ),
        ("format: 1\nmenus: {main: {at: {'9': label_charges}}}\n", "2:9 tuning_impossible"),
        (
            "format: 1\nmenus:\n  main: {first: [label_account], at: {'1': label_charges}}\n",
            "3:3 tuning_impossible",
        ),
        (
            "format: 1\nshortcuts: {labels: {enable/nothing: label_caller_id}}\n",
            "2:22 tuning_unknown_leaf",
        ),
        ("format: 1\nshortcuts: {labels: {balance: nothing}}\n", "2:31 tuning_unknown_text"),
        ("format: 1\nmenus: {main: *x}\n", "2:15 anchor"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, text: str, wrong: str) -> None:
    """Strict: each fault has its line, column and two sentences, and no rules come out."""
    rules, found = rules_of(tmp_path, text)
    assert wrong in found
    assert rules is None


def test_near_misses_are_named(tmp_path: Path) -> None:
    """A mistyped label is told the one that was meant."""
    (tmp_path / "tuning.yaml").write_text("format: 1\nmenus: {main: {last: [label_langage]}}\n")
    _, findings = load_rules(tmp_path, MODEL)
    assert "label_language" in findings[0].message_zh
    assert "Did you mean label_language?" in findings[0].message_en


def test_all_findings_come_at_once(tmp_path: Path) -> None:
    """Two menus, two faults."""
    text = "format: 1\nmenus: {main: {first: [a]}, charges: {last: [b]}}\n"
    assert len(rules_of(tmp_path, text)[1]) == 2


def test_rules_in_a_lineup() -> None:
    """Pins are put before the reserved keys; a fixed menu keeps its order."""
    options = tuple(Option(key, w, 1) for key, w in zip("12340", (1, 2, 3, 4, 99), strict=True))
    menu = Lineup(options, pins={"0": -1}, kept=frozenset("0"))
    ids = {"a": "1", "b": "2", "c": "3", "d": "4"}
    rules = MenuRules(first=("b",), last=("d",), before=(("a", "c"),), keep_keys=("a",))
    ruled = constrained(menu, rules, ids)
    assert best(ruled).ids == ("2", "1", "3", "4", "0")
    assert ruled.kept == {"0", "1"}
    assert best(constrained(menu, MenuRules(fixed=True), ids)).ids == ("1", "2", "3", "4", "0")
    together = constrained(menu, MenuRules(together=(("a", "d"),), at={2: "c"}), ids)
    assert best(together).ids[1] == "3"
    assert keeps_to(together, best(together).ids)


def test_the_documented_file(tmp_path: Path) -> None:
    """The example of docs/tuning.md is right, uses every key, and fits the JSON Schema."""
    text = (ROOT / "docs/tuning.md").read_text("utf-8")
    example = re.search(r"^```yaml\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert example is not None
    rules, found = rules_of(tmp_path, example[1])
    assert found == []
    assert rules == Rules(
        labels={"enable/caller_id": "label_caller_id"}, menus=rules.menus if rules else {}
    )  # what it states are the defaults
    used = set(re.findall(r"(\w+):", re.sub(r"#.*", "", example[1])))
    schema = json_schema(TUNING, "tuning.yaml")
    words = set(re.findall(r"'(\w+)': (?=\{)", str(schema["properties"])))
    assert words - {"items", "properties", "patternProperties"} <= used
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(yaml.load(example[1], yaml.BaseLoader), schema)
