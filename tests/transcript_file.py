"""tests/transcripts/*.yaml: cases read, and what was said in them rewritten.

A file is a list of cases:

- `case` its name; `call` or `text` the number it comes from (`-` withholds it), `called` 10086 and
  `identity` network unless told; `at` the local date and time;
- `keys` a call's inputs, blanks between them, as `dialog.transcript.Transcript` has them, and
  `1x` (hangs up while the house works on the 1) and `^x` (hangs up before a word was heard);
- `texts` a text dialogue's inputs; `-` lets the open question lapse, `+25h`, `+4m` let time pass;
- `setup` dialogues that went before (number, and keys or texts);
- `people` what is different about a subscriber, by number: fields of actions.embedded's Person;
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
    people: Mapping[str, Mapping[str, str]]
    bss: tuple[Mapping[str, Any], ...]
    drops: str
    lanes: Mapping[str, Mapping[str, int]]
    unplayable: frozenset[str]
    bug: str

    def __str__(self) -> str:
        return f"{self.file.stem}: {self.name}"


_WORDS = {"case", "call", "text", "called", "identity", "at", "keys", "texts", "requests"} | {
    *("setup", "people", "bss", "drops", "lanes", "unplayable", "said", "notices", "bug"),
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
        tuple(tuple(_flat(turn)) for turn in row.get("said", ())),
        tuple(row.get("notices", ())),
        tuple(map(_dialogue, row.get("setup", ()))),
        row.get("people", {}),
        tuple(map(_fault, row.get("bss", ()))),
        row.get("drops", "by_key"),
        {
            lane: {word: int(value) for word, value in given.items()}
            for lane, given in row.get("lanes", {}).items()
        },
        frozenset(row.get("unplayable", ())),
        row.get("bug", ""),
    )


def _flat(turn: Iterable[Any]) -> Iterable[str]:
    """A turn's lines; an announcement written once and named elsewhere is a list in it."""
    for line in turn:
        if isinstance(line, str):
            yield line
        else:
            yield from line


def _fault(rule: Mapping[str, str]) -> Mapping[str, Any]:
    whole = ("times", "ms")
    return {word: int(value) if word in whole else value for word, value in rule.items()}


def _dialogue(row: Mapping[str, Any]) -> Dialogue:
    channel = "voice" if "call" in row else "text"
    caller = row["call"] if channel == "voice" else row["text"]
    caller = "" if caller == "-" else caller
    inputs = row["keys"].split() if channel == "voice" else row["texts"]
    identity = row.get("identity", "network" if caller else "none")
    return Dialogue(channel, caller, row.get("called", CALLED), identity, tuple(inputs))


# -- rewriting -----------------------------------------------------------------------------------

Played = Mapping[str, tuple[Said, Sequence[str]]]


def rewrite(file: Path, played: Played) -> None:
    """Puts what was said, and the notices, into the cases named; all else stays as it is.

    A menu is written out where it is first said and named by its intro from then on.
    """
    known = {case.name: (case.said, case.notices) for case in read(file)}
    writer = _Writer({**known, **played})
    blocks: list[list[str]] = [[]]
    for line in file.read_text("utf-8").splitlines():
        if line.startswith("- case:"):
            blocks.append([])
        blocks[-1].append(line)
    lines = (line for block in blocks for line in writer.block(block))
    file.write_text("\n".join(lines) + "\n", "utf-8")


class _Writer:
    """Writes the cases of one file in their order."""

    def __init__(self, played: Played) -> None:
        self._played = played
        self._menus: dict[str, tuple[str, ...]] = {}

    def block(self, block: list[str]) -> list[str]:
        """The lines of a case, or of the file's head."""
        case = block and block[0].startswith("- case:")
        name = yaml.load(block[0], Loader=_LOADER)[0]["case"] if case else ""
        if name not in self._played:
            return block
        said, notices = self._played[name]
        kept = _without(_without(block, "said"), "notices")
        tail: list[str] = []
        while not kept[-1].strip() or kept[-1].startswith("#"):
            tail.insert(0, kept.pop())
        return [*kept, *_notices(notices), *self._said(said), *tail]

    def _said(self, said: Said) -> Iterable[str]:
        yield "  said:"
        for turn in said:
            rows = list(self._rows(turn))
            yield f"    - {'- ' if rows else '[]'}{rows[0] if rows else ''}"
            yield from (f"      - {row}" for row in rows[1:])

    def _rows(self, turn: tuple[str, ...]) -> Iterable[str]:
        n = 0
        while n < len(turn):
            menu = turn[n : n + 2]
            if len(menu) == 2 and menu[1].startswith("choice "):
                yield self._menu(menu)
                n += 2
            else:
                yield _scalar(turn[n])
                n += 1

    def _menu(self, menu: tuple[str, ...]) -> str:
        name, n = menu[0], 1
        while self._menus.get(name, menu) != menu:
            n += 1
            name = f"{menu[0]}_{n}"
        if name in self._menus:
            return f"*{name}"
        self._menus[name] = menu
        return f"&{name} [{', '.join(menu)}]"


def _without(block: list[str], key: str) -> list[str]:
    out: list[str] = []
    inside = False
    for line in block:
        inside = line.startswith(f"  {key}:") or (inside and line.startswith("    "))
        if not inside:
            out.append(line)
    return out


def _notices(notices: Sequence[str]) -> Iterable[str]:
    if notices:
        yield "  notices:"
        yield from (f"    - {_scalar(line)}" for line in notices)


def _scalar(line: str) -> str:
    return f'"{line}"' if ": " in line or " #" in line else line
