"""tests/transcripts/*.yaml: cases read, and what was said in them rewritten.

A file is a list of cases:

- `case` its name; `call` or `text` the number it comes from (`-` withholds it), `called` 10086 and
  `identity` network unless told; `at` the local date and time;
- `keys` a call's inputs, blanks between them, as `dialog.transcript.Transcript` has them, and
  `1x` (hangs up while the house works on the 1) and `^x` (hangs up before a word was heard);
- `texts` a text dialogue's inputs, `-` lets the open question lapse;
- `setup` dialogues that went before (number, and keys or texts);
- `bss` rules of actions.faults, `drops` how the BSS drops duplicates, `lanes` settings of
  actions.lanes by lane; `unplayable` texts whose audio fails;
- `requests`, each request's leaf and its outcome or, where there is one, its reason: by hand;
- `said` and `notices` (number and text sent beside): rewritten by `--update-transcripts`;
- `bug` why the product does not do it yet: the case must then fail.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

FOLDER = Path(__file__).parent / "transcripts"
AT = "2026-03-16 10:30"
CALLED = "10086"
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)

Said = tuple[tuple[str, ...], ...]
Requests = tuple[tuple[str, str], ...]


class Dialogue(NamedTuple):
    """Who calls or texts, and what they do."""

    channel: str  # voice | text
    caller: str  # "" = withheld
    called: str
    identity: str
    inputs: tuple[str, ...]


class Case(NamedTuple):
    """One transcript and the circumstances that it needs."""

    name: str
    file: Path
    dialogue: Dialogue
    at: str
    requests: Requests
    said: Said
    notices: tuple[str, ...]
    setup: tuple[Dialogue, ...]
    bss: tuple[Mapping[str, Any], ...]
    drops: str
    lanes: Mapping[str, Mapping[str, int]]
    unplayable: frozenset[str]
    bug: str

    def __str__(self) -> str:
        return f"{self.file.stem}: {self.name}"


_WORDS = {"case", "call", "text", "called", "identity", "at", "keys", "texts", "requests"} | {
    *("setup", "bss", "drops", "lanes", "unplayable", "said", "notices", "bug"),
}


def cases() -> tuple[Case, ...]:
    """The cases of all files. Raises ValueError for a word that no case has, or a name twice."""
    found = tuple(case for file in sorted(FOLDER.glob("*.yaml")) for case in read(file))
    names = [case.name for case in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"two cases are called {', '.join(twice)}")
    return found


def read(file: Path) -> list[Case]:
    """The cases of a file."""
    rows = yaml.load(file.read_text("utf-8"), Loader=_LOADER)
    return [_case(file, row) for row in rows]


def _case(file: Path, row: Mapping[str, Any]) -> Case:
    if unknown := row.keys() - _WORDS:
        raise ValueError(f"{file.name}: {row['case']}: no such word as {', '.join(unknown)}")
    return Case(
        row["case"],
        file,
        _dialogue(row),
        row.get("at", AT),
        tuple(item for request in row["requests"] for item in request.items()),
        tuple(map(tuple, row.get("said", ()))),
        tuple(row.get("notices", ())),
        tuple(map(_dialogue, row.get("setup", ()))),
        tuple({k: int(v) if v.isdigit() else v for k, v in rule.items()} for rule in row["bss"])
        if "bss" in row
        else (),
        row.get("drops", "by_key"),
        {
            lane: {word: int(value) for word, value in given.items()}
            for lane, given in row.get("lanes", {}).items()
        },
        frozenset(row.get("unplayable", ())),
        row.get("bug", ""),
    )


def _dialogue(row: Mapping[str, Any]) -> Dialogue:
    channel = "voice" if "call" in row else "text"
    caller = row["call"] if channel == "voice" else row["text"]
    caller = "" if caller == "-" else caller
    inputs = row["keys"].split() if channel == "voice" else row["texts"]
    identity = row.get("identity", "network" if caller else "none")
    return Dialogue(channel, caller, row.get("called", CALLED), identity, tuple(inputs))


# -- rewriting -----------------------------------------------------------------------------------


def rewrite(file: Path, played: Mapping[str, tuple[Said, Sequence[str]]]) -> None:
    """Puts what was said, and the notices, into the cases named; all else stays as it is."""
    out: list[str] = []
    block: list[str] = []
    for line in [*file.read_text("utf-8").splitlines(), "- case: "]:
        if line.startswith("- case:"):
            out += _rewritten(block, played)
            block = []
        block.append(line)
    file.write_text("\n".join(out).rstrip() + "\n", "utf-8")


def _rewritten(block: list[str], played: Mapping[str, tuple[Said, Sequence[str]]]) -> Iterable[str]:
    name = yaml.load(block[0], Loader=_LOADER)[0]["case"] if _is_case(block) else ""
    if name not in played:
        return block
    said, notices = played[name]
    kept = _without(_without(block, "said"), "notices")
    tail: list[str] = []
    while kept and (not kept[-1].strip() or kept[-1].startswith("#")):
        tail.insert(0, kept.pop())
    return [*kept, *_notices(notices), *_said(said), *tail]


def _is_case(block: list[str]) -> bool:
    return bool(block) and block[0].startswith("- case:")


def _without(block: list[str], key: str) -> list[str]:
    out: list[str] = []
    inside = False
    for line in block:
        inside = line.startswith(f"  {key}:") or (inside and line.startswith("    "))
        if not inside:
            out.append(line)
    return out


def _said(said: Said) -> Iterable[str]:
    yield "  said:"
    for turn in said:
        if not turn:
            yield "    - []"
        for n, line in enumerate(turn):
            yield f"    {'-' if n == 0 else ' '} - {_scalar(line)}"


def _notices(notices: Sequence[str]) -> Iterable[str]:
    if notices:
        yield "  notices:"
        yield from (f"    - {_scalar(line)}" for line in notices)


def _scalar(line: str) -> str:
    return f'"{line}"' if ": " in line or " #" in line else line
