"""The digest: of the meaning, not of the bytes."""

from __future__ import annotations

import pytest
import yaml
from menus_site import MINIMAL

from menus.loader import load_sources, read_sources

SOURCES = read_sources(MINIMAL)
BOOK = "sms_commands/codebooks/mini.yaml"


def digest_of(sources: dict[str, str]) -> str:
    """The digest of a version that must load."""
    model, found = load_sources(sources)
    assert model is not None, found
    return model.digest


def test_layout_comments_and_order_of_maps_do_not_count() -> None:
    """The same file dumped with sorted keys, other quotes and comments is the same version."""
    rewritten = {
        name: "# another hand\n\n"
        + yaml.dump(
            _sorted_but_fields(yaml.load(text, yaml.BaseLoader)),
            allow_unicode=True,
            sort_keys=False,
            indent=7,
            default_style='"',
        )
        for name, text in SOURCES.items()
    }
    assert rewritten["menus.yaml"] != SOURCES["menus.yaml"]
    assert digest_of(rewritten) == digest_of(SOURCES)


def _sorted_but_fields(part: object) -> object:
    """Mappings in the reverse order of their keys; the order of fields is the order asked."""
    if isinstance(part, dict):
        keys = sorted(part, reverse=True)
        return {k: part[k] if k == "called" else _sorted_but_fields(part[k]) for k in keys}
    if isinstance(part, list):
        return [_sorted_but_fields(item) for item in part]
    return part


def test_a_default_stated_is_the_default() -> None:
    """Writing a default out changes nothing."""
    stated = SOURCES["menus.yaml"].replace("answer: balance_is}", "answer: balance_is, next: main}")
    assert digest_of({**SOURCES, "menus.yaml": stated}) == digest_of(SOURCES)


@pytest.mark.parametrize(
    ("file", "find", "put"),
    [
        ("menus.yaml", "主菜单。", "主菜单！"),
        ("menus.yaml", 'key: "5"', 'key: "6"'),
        ("menus.yaml", "most: 3", "most: 4"),
        ("menus.yaml", "caller ID}", "caller id}"),
        ("menus.yaml", 'from: "18:00"', 'from: "18:01"'),
        ("menus.yaml", "to: language}\n", "to: language, for: {brand: [gotone]}}\n"),
        ("menus.yaml", "roaming: told_roaming", "roaming: told_outside_window"),
        (BOOK, "CXYE", "CXYF"),
        (BOOK, "leaf: balance", "leaf: give_up"),
        (BOOK, "params: [number]", "params: []"),
    ],
)
def test_what_is_said_or_done_counts(file: str, find: str, put: str) -> None:
    """A text, key, limit, name, rule, route or code makes another version."""
    assert find in SOURCES[file]
    changed = {**SOURCES, file: SOURCES[file].replace(find, put, 1)}
    assert digest_of(changed) != digest_of(SOURCES)


def test_order_of_choices_counts() -> None:
    """Choices are spoken in their order: moving a line makes another version."""
    lines = SOURCES["menus.yaml"].splitlines(keepends=True)
    at = next(n for n, line in enumerate(lines) if "label_balance" in line)
    lines[at], lines[at + 1] = lines[at + 1], lines[at]
    assert digest_of({**SOURCES, "menus.yaml": "".join(lines)}) != digest_of(SOURCES)


def test_order_of_fields_counts() -> None:
    """Fields are asked for in their order."""
    old = "fields: {new: {type: new_password, ask: ask_new_password}}"
    one = "a: {type: phone, ask: ask_number}"
    two = "b: {type: password, ask: ask_password}"
    assert old in SOURCES["menus.yaml"]
    digests = {
        digest_of({
            "menus.yaml": SOURCES["menus.yaml"].replace(old, f"fields: {{{first}, {second}}}"),
            BOOK: SOURCES[BOOK].replace(", params: [new]", ""),
        })
        for first, second in ((one, two), (two, one))
    }  # fmt: skip
    assert len(digests) == 2
