"""Lint: each finding has a file that makes it, and only it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from menus_site import FOLDER, MINIMAL, SIGNATURES

from dialog.fields import TYPES, BadField
from dialog.outcomes import REASONS
from menus.findings import Finding
from menus.lint import lint
from menus.lint_actions import values_given
from menus.lint_texts import FAULTS_OF
from menus.loader import load, load_sources, read_sources
from menus.messages import MESSAGES
from menus.model import Action
from menus.uses import text_uses

BAD = sorted((FOLDER / "bad").glob("*.yaml"))

READ_FROM_DISK = {"no_file", "not_utf8", "too_large"}
"""Found before there is text: tests/test_loader.py makes these."""


def found_in(case: dict[str, Any]) -> list[Finding]:
    """What is found in the minimal site after the case's changes."""
    sources = read_sources(MINIMAL)
    for change in case.get("change", ()):
        if "find" in change:
            text = sources[change["file"]]
            assert text.count(change["find"]) >= 1, change["find"]
            sources[change["file"]] = text.replace(change["find"], change["put"], 1)
        else:
            sources[change["file"]] = change["put"]
    model, found = load_sources(sources, signatures=SIGNATURES)
    if "clips" in case:
        assert model is not None
        clips = [tuple(clip) for clip in case["clips"]]
        found = lint(model, SIGNATURES, dict.fromkeys(case["manifest"]), clips=clips)
    return found


@pytest.mark.parametrize("file", BAD, ids=lambda path: path.stem)
def test_bad_file(file: Path) -> None:
    """A bad file gives its findings at their lines and columns, and no others."""
    case = yaml.safe_load(file.read_text("utf-8"))
    found = [f"{finding.place} {finding.code}" for finding in found_in(case)]
    assert found == case["expect"]
    assert any(line.endswith(f" {file.stem}") for line in found)


GOOD = sorted((FOLDER / "good").glob("*.yaml"))


@pytest.mark.parametrize("file", GOOD, ids=lambda path: path.stem)
def test_good_file(file: Path) -> None:
    """A good file gives no finding at all."""
    assert found_in(yaml.safe_load(file.read_text("utf-8"))) == []


def test_minimal_site() -> None:
    """The site that all bad files are made from is clean itself."""
    assert load(MINIMAL, signatures=SIGNATURES)[1] == []


def test_shipped_site_has_no_errors() -> None:
    """The shipped menus.yaml with its codebooks passes lint against the shipped actions."""
    from actions.signatures import SIGNATURES as SHIPPED

    model, found = load(Path(__file__).parent.parent, signatures=SHIPPED)
    assert [str(f) for f in found if f.severity == "error"] == []
    assert model is not None


def test_only_what_ends_services_is_given_its_targets() -> None:
    """A text of an unsubscription may name the services that it ends; one of an order may not."""
    from actions.signatures import SIGNATURES as SHIPPED

    model, _ = load(Path(__file__).parent.parent)
    assert model is not None
    signed = {
        node.id: SHIPPED[node.does, node.name]
        for node in model.nodes.values()
        if isinstance(node, Action)
    }
    given = {
        (use.node, use.role): values_given(model, use, signed)
        for use in text_uses(model)
        if use.role in ("confirm", "receipt")
    }
    assert "targets" in (given["disable", "confirm"] or ())
    assert "targets" in (given["disable", "receipt"] or ())
    assert "targets" not in (given["enable", "confirm"] or ())


@pytest.mark.parametrize(
    ("instead", "expected"),
    [
        ("help: slow", set()),
        ("help: slowly", {"5:53 unknown_text"}),
        ("helps: slow", {"5:47 unknown_text"}),
        ("help: enabled", {"158:20 unknown_placeholder", "158:38 unknown_placeholder"}),
    ],
)
def test_what_a_number_says_instead(instead: str, expected: set[str]) -> None:
    """Both texts are there, and the one that stands in uses no value that the other has not."""
    sources = read_sources(MINIMAL)
    called = "{language: zh-CN}"
    own = f"{{language: zh-CN, instead: {{{instead}}}}}"
    sources["menus.yaml"] = sources["menus.yaml"].replace(called, own, 1)
    _, found = load_sources(sources, signatures=SIGNATURES)
    assert {f"{f.place.line}:{f.place.column} {f.code}" for f in found} == expected


def test_an_order_without_a_service_has_a_name() -> None:
    """What is told void must be called something: by its verb where it has no service."""
    from actions.signatures import SIGNATURES as SHIPPED

    sources = read_sources(FOLDER.parent.parent)
    named, other = "  redeem: {zh-CN:", "  redeemed: {zh-CN:"
    sources["menus.yaml"] = sources["menus.yaml"].replace(named, other)
    _, found = load_sources(sources, signatures=SHIPPED)
    errors = [(f.code, f.message_en) for f in found if f.severity == "error"]
    assert errors == [("missing_name", "`names` lacks redeem, which quotes need: add it.")]


def test_every_finding_has_a_bad_file() -> None:
    """No finding is in the catalogue without a file that makes it, and no file is without one."""
    assert {file.stem for file in BAD} == MESSAGES.keys() - READ_FROM_DISK


def test_every_finding_says_what_to_do_in_both_languages() -> None:
    """Chinese with its own punctuation, then English; neither ends without a full stop."""
    for code, (severity, zh, en) in MESSAGES.items():
        assert severity in ("error", "warning"), code
        assert zh.rstrip("}").endswith(("。", "hint_zh", "part")), code
        assert en.isascii(), code
        assert en.rstrip("}").endswith((".", "hint_en", "part")), code


def test_all_clips_missing_are_named_once_a_text() -> None:
    """With an empty manifest each text, name and measure is named once a language."""
    model, _ = load(MINIMAL)
    assert model is not None
    found = lint(model, SIGNATURES, {})
    assert {f.code for f in found} == {"missing_audio"}
    assert len(found) == len({f.place for f in found})


def entries() -> Iterator[str]:
    """Entries of every length and kind that a keypad or a phone could send."""
    for length in range(20):
        yield from ("1" * length, "12" * length, "x" * length, "123456789012345678"[:length])
    yield from ("112233", "13800138000", "23800138000", "99", "209912", "0", "99999", "10001")
    yield from ("11010119900307002X", "110101199003070020", "1101011990030700*2")


def test_faults_of_are_those_of_the_field_types() -> None:
    """The faults that lint wants texts for are just those that the checks raise."""
    assert FAULTS_OF.keys() == TYPES.keys()
    for name, kind in TYPES.items():
        raised = set()
        for entry in entries():
            try:
                kind.check(entry, "2026-06-15")
            except BadField as bad:
                raised.add(str(bad))
        assert raised == set(FAULTS_OF[name]), name


def test_reasons_that_nobody_meets_need_no_text() -> None:
    """Lint wants a text for each reason but those that neither voice nor text can tell."""
    sources = read_sources(MINIMAL)
    sources["menus.yaml"] = sources["menus.yaml"].replace(
        "\noutcomes:\n", "\noutcomes: {}\nspare:\n"
    )
    _, found = load_sources(sources, signatures=SIGNATURES)
    missing = {f.message_en.split()[2].strip(":") for f in found if f.code == "missing_reason"}
    assert set(REASONS) - missing == {
        "abandoned",
        "answer_undelivered",
        "interrupted",
        "unanswerable",
    }
