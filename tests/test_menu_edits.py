"""Edits of menus.yaml: the lines that move, and every byte that does not."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from house_case import ROOT, site
from hypothesis import given, settings
from hypothesis import strategies as st

from menus.edits import EditError, Line, applied, diff, edited
from menus.loader import load_sources
from menus.model import Menu, Model

SOURCES, MODEL = site()
TEXT = SOURCES["menus.yaml"]
MENUS = [node.id for node in MODEL.nodes.values() if isinstance(node, Menu)]


def choices(model: Model, menu: str) -> tuple[Any, ...]:
    """A menu's choices."""
    node = model.nodes[menu]
    assert isinstance(node, Menu)
    return node.choices


def moved(menu: str, order: Any) -> dict[str, tuple[Line, ...]]:
    """A menu's lines in another order: today's numbers."""
    return {menu: tuple(Line(menu, at) for at in order)}


def loaded(text: str) -> Model:
    """The model of an edited file."""
    model, findings = load_sources({**SOURCES, "menus.yaml": text})
    assert model is not None, findings
    return model


def rows(text: str, menu: str) -> list[dict[str, Any]]:
    """A menu's choices as another reader of YAML finds them."""
    found: list[dict[str, Any]] = yaml.load(text, yaml.CSafeLoader)["menus"][menu]["choices"]
    return found


def inverse(order: Any) -> list[int]:
    """The order that puts the first one back."""
    return [list(order).index(n) for n in range(len(order))]


@st.composite
def orders(draw: st.DrawFn) -> dict[str, list[int]]:
    """New orders of some of the shipped menus."""
    menus = draw(st.lists(st.sampled_from(MENUS), min_size=1, max_size=4, unique=True))
    return {menu: list(draw(st.permutations(range(len(choices(MODEL, menu)))))) for menu in menus}


@given(orders())
@settings(max_examples=40, deadline=None)
def test_an_order_and_back_gives_the_same_bytes(new: dict[str, list[int]]) -> None:
    """Whatever is moved: put back, the file is what it was; no line is lost or changed."""
    there = {menu: moved(menu, order)[menu] for menu, order in new.items()}
    back = {menu: moved(menu, inverse(order))[menu] for menu, order in new.items()}
    text = edited(TEXT, there)
    assert sorted(text.split("\n")) == sorted(TEXT.split("\n"))
    assert edited(text, back) == TEXT


@given(orders())
@settings(max_examples=6, deadline=None)
def test_the_edited_file_means_what_was_meant(new: dict[str, list[int]]) -> None:
    """The file that comes out has the digest of the model that was intended."""
    edits = {menu: moved(menu, order)[menu] for menu, order in new.items()}
    text = edited(TEXT, edits)
    assert loaded(text).digest == applied(MODEL, edits).digest
    for menu, order in new.items():
        was = rows(TEXT, menu)
        assert rows(text, menu) == [was[at] for at in order]


def test_a_line_takes_its_comment_along() -> None:
    """The code behind a choice moves with it; the rest of the file is not in the diff."""
    text = edited(TEXT, moved("charges", [4, 0, 1, 2, 3, 5, 6, 7]))
    line = TEXT.splitlines().index("  charges:") + 1
    assert diff(TEXT, text).splitlines() == [
        "--- menus.yaml",
        "+++ menus.yaml",
        f"@@ -{line},11 +{line},11 @@",
        "   charges:",
        "     intro: charges_intro",
        "     choices:",
        '+      - {key: "5", label: label_data_usage, to: data_usage}        # (105)',
        '       - {key: "1", label: label_balance,    to: balance}           # (101)',
        '       - {key: "2", label: label_last_bill,  to: last_bill}         # (102)',
        '       - {key: "3", label: label_bill,       to: bill_menu}         # (103)',
        '       - {key: "4", label: label_discount,   to: discount_menu}     # (104)',
        '-      - {key: "5", label: label_data_usage, to: data_usage}        # (105)',
        '       - {key: "6", label: label_alert,      to: alert_menu}        # (106)',
        '       - {key: "7", label: label_e_bill,     to: e_bill_menu}       # (107)',
        '       - {key: "8", label: label_payments,   to: payments}          # (108)',
    ]
    assert diff(TEXT, TEXT) == ""


def test_new_keys() -> None:
    """Keys are given out anew in place; nothing else of their lines changes."""
    order = [4, 0, 1, 2, 3, 5, 6, 7]
    edits = {"charges": tuple(Line("charges", at, key=str(n + 1)) for n, at in enumerate(order))}
    text = edited(TEXT, edits)
    assert loaded(text).digest == applied(MODEL, edits).digest
    assert [(c.key, c.to) for c in choices(loaded(text), "charges")][:2] == [
        ("1", "data_usage"), ("2", "balance"),
    ]  # fmt: skip
    assert '- {key: "1", label: label_data_usage, to: data_usage}        # (105)\n' in text
    assert len(text) == len(TEXT)


def test_a_shortcut_is_a_line_more() -> None:
    """A leaf's line is written at the top too, aligned with its neighbours, and passes."""
    main = tuple(Line("main", at) for at in range(5))
    edits = {"main": (Line("charges", 0, key="5"), *main)}
    text = edited(TEXT, edits)
    assert loaded(text).digest == applied(MODEL, edits).digest
    added = [line for line in diff(TEXT, text).splitlines() if line.startswith(("+ ", "- "))]
    assert added == ['+      - {key: "5", label: label_balance,  to: balance}  # (101)']
    keeps = {"main": tuple(Line("main", at) for at in range(1, 6))}
    assert edited(text, keeps) == TEXT


def test_a_moved_leaf_and_one_with_constants() -> None:
    """A choice with constants, and another name for the top, leaves its own menu."""
    edits = {
        "main": (
            *(Line("main", at) for at in range(5)),
            Line("fetion_menu", 1, key="6", label="label_fetion"),
        ),
        "fetion_menu": (Line("fetion_menu", 0),),
    }
    text = edited(TEXT, edits)
    model = loaded(text)
    assert model.digest == applied(MODEL, edits).digest
    assert choices(model, "main")[-1].constants == {"service": "fetion"}
    assert choices(model, "main")[-1].label == "label_fetion"
    assert [c.key for c in choices(model, "fetion_menu")] == ["1"]


# -- files as people write them -------------------------------------------------------------------

AWKWARD = """\
menus:
  first:   # 说明
    intro: hello
    choices:   # the list

      # about a
      - {key: "1", label: a, to: x}   # (a)
      # about b, in
      # two lines
      - key: '2'
        # within b

        label: b
        to: x
        # behind b

      # a heading, not of c

      -
        key: 3
        label: c
        to: x

      - {to: x, label: d, key: "*"}
    tries: {most: 2}

    # of the next menu
  second:
    choices: [{key: "1", label: a, to: x},   {key: "2", label: b, to: x}, {key: "3",
        label: c, to: x}]
  third:
    choices:
    - {key: "1", label: a, to: x}
    - {key: "2", label: b, to: x}  # the last line"""


@given(
    st.permutations(range(4)),
    st.permutations(range(3)),
    st.permutations(range(2)),
    st.sampled_from(("\n", "\r\n")),
    st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_awkward_files_survive(a: Any, b: Any, c: Any, newline: str, ends: bool) -> None:
    """Comments of every kind, choices over several lines, brackets, CRLF, no last newline."""
    text = (AWKWARD + ("\n" if ends else "")).replace("\n", newline)
    there = {**moved("first", a), **moved("second", b), **moved("third", c)}
    back = {
        **moved("first", inverse(a)), **moved("second", inverse(b)), **moved("third", inverse(c)),
    }  # fmt: skip
    new = edited(text, there)
    for menu, order in (("first", a), ("second", b), ("third", c)):
        was = rows(text, menu)
        assert rows(new, menu) == [was[at] for at in order]
    assert sorted(new.replace(newline, "")) == sorted(text.replace(newline, ""))
    assert edited(new, back) == text


def test_comments_go_with_their_choice() -> None:
    """Comments directly above go along; a heading that a blank line parts stays."""
    lines = edited(AWKWARD, moved("first", [2, 1, 0, 3])).split("\n")
    assert lines[4:26] == [
        "",
        "      -",
        "        key: 3",
        "        label: c",
        "        to: x",
        "      # about b, in",
        "      # two lines",
        "      - key: '2'",
        "        # within b",
        "",
        "        label: b",
        "        to: x",
        "        # behind b",
        "",
        "      # a heading, not of c",
        "",
        "      # about a",
        '      - {key: "1", label: a, to: x}   # (a)',
        "",
        '      - {to: x, label: d, key: "*"}',
        "    tries: {most: 2}",
        "",
    ]


def test_lines_that_come_and_go_in_awkward_files() -> None:
    """Choices go from brackets to lines and back; keys in every quoting are replaced."""
    edits = {
        "first": (Line("second", 2, key="7"), Line("first", 1, key="1"), Line("first", 2, key="2")),
        "second": (Line("first", 3, key="1"), Line("second", 0, key="4"), Line("third", 1)),
        "third": (Line("third", 0, key="2", label="z"),),
    }
    new = edited(AWKWARD, edits)
    found = {menu: [(str(row["key"]), row["label"]) for row in rows(new, menu)] for menu in edits}
    assert found == {
        "first": [("7", "c"), ("1", "b"), ("2", "c")],
        "second": [("1", "d"), ("4", "a"), ("2", "b")],
        "third": [("2", "z")],
    }
    assert "# of the next menu" in new
    assert "# about a" not in new


def test_brackets_with_comments_are_refused() -> None:
    """Nobody can say whose comment it is: the place and the way out are told."""
    text = AWKWARD.replace("to: x},   {key", "to: x},   # (1)\n        {key")
    with pytest.raises(EditError, match=r"menus\.yaml:29:14: .*每项一行.*write each on a line"):
        edited(text, moved("second", [1, 0, 2]))


def test_escapes_are_refused() -> None:
    """A key that is not written as it is."""
    text = AWKWARD.replace("key: '2'", 'key: "\\x32"')
    with pytest.raises(EditError, match="without escapes"):
        edited(text, {"first": tuple(Line("first", n, key=str(n + 4)) for n in range(4))})


def test_the_shipped_file_is_the_one_tested() -> None:
    """The text under test is the site's, byte for byte."""
    assert (ROOT / "menus.yaml").read_bytes() == TEXT.encode()
