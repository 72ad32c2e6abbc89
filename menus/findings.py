"""What a check of menus.yaml finds, and every finding that it can make, worded in both languages.

Each says what to do. `tests/menus/bad/` has a file for each code.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from menus.messages import MESSAGES
from menus.model import Place

ERROR = "error"
WARNING = "warning"


class Finding(NamedTuple):
    """One thing found. An error keeps a version from serving, a warning does not."""

    code: str
    severity: str
    place: Place
    message_zh: str
    message_en: str
    group: str = ""  # what a summary counts it under: the books of a pair of codes

    def __str__(self) -> str:
        return f"{self.place}: {self.severity} {self.code}: {self.message_zh} / {self.message_en}"

    def json(self) -> dict[str, str | int]:
        """The finding as JSON of `hotline check --json`; line and column count from 1."""
        return {
            "code": self.code,
            "severity": self.severity,
            "file": self.place.file,
            "line": self.place.line,
            "column": self.place.column,
            "message_zh": self.message_zh,
            "message_en": self.message_en,
        }


def finding(code: str, place: Place, **words: Any) -> Finding:
    """A finding of the catalogue `menus.messages`, its placeholders filled from `words`."""
    severity, zh, en = MESSAGES[code]
    group = words.get("group", "")
    return Finding(code, severity, place, zh.format(**words), en.format(**words), group)


def hint(word: str, known: Any) -> dict[str, str]:
    """The words `hint_zh` and `hint_en`: the known word that is nearest, or nothing."""
    from difflib import get_close_matches  # a clean file never needs it

    near = get_close_matches(word, list(known), 1)
    if not near:
        return {"hint_zh": "", "hint_en": ""}
    return {"hint_zh": f"是否想写 {near[0]}？", "hint_en": f" Did you mean {near[0]}?"}


def in_order(findings: list[Finding]) -> list[Finding]:
    """Findings by file, line and column, each once."""
    unique = dict.fromkeys(findings)
    return sorted(
        unique, key=lambda f: (f.place.file, f.place.line, f.place.column, f.code, f.message_en)
    )


def errors(findings: list[Finding]) -> bool:
    """Whether any of them is an error."""
    return any(f.severity == ERROR for f in findings)
