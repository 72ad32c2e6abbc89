"""The Mermaid diagram and the JSON Schema of the file format."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, ClassVar

import jsonschema
import pytest
import yaml
from menus_site import FOLDER, MINIMAL

from menus.diagram import mermaid
from menus.loader import load, read_sources
from menus.schema import CODEBOOK, MENUS, TOPICS, json_schema

BOOK = "sms_commands/codebooks/mini.yaml"
SHAPE_FINDINGS = (
    "unknown_key", "missing_key", "wrong_shape", "bad_value", "empty_value", "too_few",
)  # fmt: skip


class EditorLoader(yaml.SafeLoader):
    """Reads YAML as editors do: YAML 1.2's core schema, without 1.1's `on`, `12:30` and dates."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}


for _tag, _pattern, _first in (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("int", r"^[-+]?[0-9]+$", "-+0123456789"),
    ("float", r"^[-+]?[0-9]+\.[0-9]*$", "-+0123456789"),
    ("null", r"^(?:~|null)$", "~n"),
):
    EditorLoader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first)
    )


def as_strings(text: str) -> Any:
    """YAML with every scalar as the string that it is to the product's own loader."""
    return yaml.load(text, yaml.BaseLoader)


def as_editor(text: str) -> Any:
    """YAML as an editor reads it."""
    return yaml.load(text, EditorLoader)


@pytest.mark.parametrize("read", [as_strings, as_editor])
def test_schema_takes_the_good_files(read: Any) -> None:
    """Minimal and shipped files fit the schema, however the editor types their scalars."""
    shipped = read_sources(Path(__file__).parent.parent)
    for sources in (read_sources(MINIMAL), shipped):
        for name, text in sources.items():
            shape = MENUS if name == "menus.yaml" else CODEBOOK
            jsonschema.validate(read(text), json_schema(shape))
    topics = (Path(__file__).parent.parent / "topics.yaml").read_text("utf-8")
    jsonschema.validate(read(topics), json_schema(TOPICS, "topics.yaml"))


@pytest.mark.parametrize("code", SHAPE_FINDINGS)
def test_schema_refuses_what_the_loader_refuses(code: str) -> None:
    """A file whose shape the loader refuses is refused by the schema, too."""
    case = yaml.safe_load((FOLDER / "bad" / f"{code}.yaml").read_text("utf-8"))
    sources = read_sources(MINIMAL)
    for change in case["change"]:
        text = sources[change["file"]]
        sources[change["file"]] = text.replace(change["find"], change["put"], 1)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(as_strings(sources["menus.yaml"]), json_schema())


def test_schemas_are_schemas() -> None:
    """All are valid JSON Schema of their draft."""
    for shape in (MENUS, CODEBOOK, TOPICS):
        jsonschema.Draft202012Validator.check_schema(json_schema(shape))


def test_diagram() -> None:
    """Every node, and every way with its key and label, stands in the flowchart."""
    model, _ = load(MINIMAL)
    assert model is not None
    assert mermaid(model, "en") == (FOLDER / "good" / "minimal" / "diagram.mmd").read_text("utf-8")


def test_diagram_in_the_default_language_escapes() -> None:
    """Labels are in the file's first language; what Mermaid reads as its own is escaped."""
    model, _ = load(MINIMAL)
    assert model is not None
    text = mermaid(model)
    assert '|"1 查询余额"|' in text
    assert all(line.startswith("  n_") for line in text.splitlines()[1:])
