"""The model of checked sources: defaults filled in, dates turned into times, codes split.

What a word may be is the schema's business (menus.schema), whether it refers to something that is
there is lint's. Here stands what lies between: rules over several keys of one part.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

from menus import own
from menus.courtesy import Courtesy
from menus.findings import Finding, finding, hint
from menus.keywords import Index, normalise
from menus.marks import SECTIONS, Marks
from menus.model import (
    Action,
    BookUse,
    Choice,
    Code,
    Field,
    Filter,
    Form,
    Menu,
    Message,
    Model,
    Node,
    Own,
    Text,
    TransferNode,
    Tries,
    Window,
)
from menus.named import ANY_SERVICE
from menus.template import BadTemplate, Template, parse
from menus.yaml_marks import Step, Tree

END = "end"
"""As a `next` or `then`: the dialogue ends here, on purpose."""

_DOES = ("query", "order", "verify")


def build(
    menus: Mapping[str, Any], books: Mapping[str, Mapping[str, Any]], marks: Marks
) -> tuple[Model, list[Finding]]:
    """The model of values that the schema let pass.

    The findings are errors; a model that has any is good for lint only.
    """
    builder = _Builder(menus, marks)
    model = builder.model(books)
    return model, builder.found


def _next(word: str | None) -> str:
    return "" if word in (None, END) else str(word)


def _by_leaf(texts: str | Mapping[str, str]) -> dict[str, str]:
    """Texts by a leaf's constants; one text alone, or the `default`, stands under "" for all."""
    if isinstance(texts, str):
        return {"": texts}
    return {"" if leaf == "default" else leaf: text for leaf, text in texts.items()}


def _own(row: Mapping[str, Any]) -> Own:
    return Own(row["intro"], tuple(row["of"]), tuple(row["keys"]), row["least"])


class _Builder:
    def __init__(self, menus: Mapping[str, Any], marks: Marks) -> None:
        self.menus, self.marks = menus, marks
        self.found: list[Finding] = []
        self.zone = self._zone(menus["zone"])
        self.defaults: Mapping[str, Any] = menus["defaults"]
        self.words: Mapping[str, str] = menus["words"]
        self.faults: Mapping[str, Mapping[str, str]] = menus.get("faults", {})
        self.nodes: dict[str, Node] = {}

    def model(self, books: Mapping[str, Mapping[str, Any]]) -> Model:
        menus = self.menus
        for kind, section in SECTIONS.items():
            for id_, row in menus.get(section, {}).items():
                self._add(kind, section, id_, row)
        self.nodes = own.with_leaves(self.nodes)
        codes = {book: self._codes(book, rows["codes"]) for book, rows in books.items()}
        uses = tuple(
            BookUse(
                row["use"], self._filter(row, "books", n) or Filter(), tuple(row.get("over", ()))
            )
            for n, row in enumerate(menus.get("books", ()))
        )
        courtesy = Courtesy(
            **{
                end: tuple(map(normalise, words))
                for end, words in menus.get("courtesy", {}).items()
            }
        )
        languages = tuple(menus["languages"])
        start = dict(menus["start"])
        if "agent" in menus:
            start["agent"] = menus["agent"]
        return Model(
            digest="",
            zone=menus["zone"],
            languages=languages,
            called_language={
                number: row.get("language", languages[0]) for number, row in menus["called"].items()
            },
            called=tuple(menus["called"]),
            operators={
                number: row["operator"]
                for number, row in menus["called"].items()
                if "operator" in row
            },
            instead={
                number: row["instead"]
                for number, row in menus["called"].items()
                if "instead" in row
            },
            start=start,
            nodes=self.nodes,
            texts={id_: self._text(id_, row) for id_, row in menus["texts"].items()},
            names=menus.get("names", {}),
            outcomes=menus["outcomes"],
            words=self.words,
            codes=codes,
            books=uses,
            windows=tuple(self._window(n, row) for n, row in enumerate(menus.get("windows", ()))),
            system_words={
                normalise(word): role
                for role, words in menus.get("system_words", {}).items()
                for word in words
            },
            yes=frozenset(map(normalise, menus["answers"]["yes"])),
            no=frozenset(map(normalise, menus["answers"]["no"])),
            measures=menus.get("measures", {}),
            faults=self.faults,
            step_limit=self.defaults.get("step_limit", 100),
            courtesy=courtesy,
            own_least=own.least(self.nodes),
            own_spellings=own.spellings(chain.from_iterable(codes.values()), self.nodes),
            index=Index(uses, codes, self.nodes, courtesy, menus.get("names", {})),
            marks=self.marks,
        )

    # -- nodes -------------------------------------------------------------------------------

    def _add(self, kind: str, section: str, id_: str, row: Mapping[str, Any]) -> None:
        place = self.marks.key(section, id_)
        if id_ == END:
            self.found.append(finding("reserved_id", place))
        if id_ in self.nodes:
            first = self.nodes[id_].place
            self.found.append(finding("duplicate_id", place, id=id_, first=first))
            return
        listens = kind in ("menu", "form", "action")
        goes_on = kind in ("action", "message", "transfer")
        common: dict[str, Any] = {
            "id": id_,
            "kind": kind,
            "place": place,
            "reserved": row.get("reserved", self.defaults.get("reserved", {}) if listens else {}),
            "tries": self._tries(row.get("tries", {})),
            "filter": self._filter(row, section, id_),
            "constants": tuple(row.get("constants", ())),
            "next": _next(row.get("next", self.defaults.get("next"))) if goes_on else "",
            "agent": row.get("agent", self.menus.get("agent", "")),
        }
        match kind:
            case "menu":
                choices = tuple(
                    self._choice(section, id_, n, c) for n, c in enumerate(row["choices"])
                )
                node: Node = Menu(
                    **common,
                    intro=row["intro"],
                    choices=choices,
                    sets=row.get("sets", ""),
                    own=_own(row["own"]) if "own" in row else None,
                )
            case "form":
                node = Form(**common, fields=self._fields(section, id_, row), to=row["to"])
            case "action":
                node = self._action(id_, row, common)
            case "message":
                node = Message(**common, text=row["text"], files=row.get("files", ""))
            case _:
                node = TransferNode(
                    **common, topic=row["topic"], say=row["say"], busy=row.get("busy", {})
                )
        self.nodes[id_] = node

    def _action(self, id_: str, row: Mapping[str, Any], common: dict[str, Any]) -> Action:
        does = [verb for verb in _DOES if verb in row]
        if len(does) != 1:
            self.found.append(finding("which_action", self.marks.key("actions", id_)))
            does = ["query"]
        answers = _by_leaf(row.get("answer", {}))
        if "accepted" in row:
            answers["accepted"] = row["accepted"]
        return Action(
            **common,
            does=does[0],
            name=row.get(does[0], ""),
            fields=self._fields("actions", id_, row),
            password=row.get("password", "never"),
            confirm=row.get("confirm", ""),
            answers=answers,
            on=row.get("on", {}),
            subject=row.get("subject", True),
            slow=row.get("slow", self.words["slow"]),
            pick=row.get("pick", ""),
            receipts=_by_leaf(row.get("receipt", {})),
        )

    def _choice(self, section: str, id_: str, n: int, row: Mapping[str, Any]) -> Choice:
        return Choice(
            row["key"],
            row["label"],
            row["to"],
            row.get("with", {}),
            self.marks.at(section, id_, "choices", n),
            self._filter(row, section, id_, "choices", n),
        )

    def _fields(self, section: str, id_: str, row: Mapping[str, Any]) -> tuple[Field, ...]:
        return tuple(
            Field(
                name,
                field["type"],
                field["ask"],
                self.marks.key(section, id_, "fields", name),
                tuple(field.get("again", ())),
                {**self.faults.get(field["type"], {}), **field.get("faults", {})},
                field.get("optional", False),
            )
            for name, field in row.get("fields", {}).items()
        )

    def _tries(self, row: Mapping[str, Any]) -> Tries:
        merged = {**self.defaults["tries"], **row}
        return Tries(
            merged["most"],
            tuple(merged["no_input"]),
            tuple(merged["no_match"]),
            _next(merged.get("then")),
            merged.get("first_seconds", 5000),
            merged.get("between_seconds", 3000),
        )

    # -- texts and codes ---------------------------------------------------------------------

    def _text(self, id_: str, row: Mapping[str, Any]) -> Text:
        voice = {lang: text for lang, text in row.items() if lang != "sms"}
        return Text(
            id_,
            self._templates(voice, "texts", id_),
            self._templates(row.get("sms", {}), "texts", id_, "sms"),
            self.marks.key("texts", id_),
        )

    def _templates(self, texts: Mapping[str, str], *path: Step) -> dict[str, Template]:
        templates: dict[str, Template] = {}
        for language, text in texts.items():
            try:
                templates[language] = parse(text)
            except BadTemplate as bad:
                place = self.marks.at(*path, language)
                self.found.append(finding("bad_template", place, part=str(bad)[:30]))
                templates[language] = (text,)
        return templates

    def _codes(self, book: str, rows: Sequence[Mapping[str, Any]]) -> tuple[Code, ...]:
        leaves = {
            normalise(spelling): row["leaf"]
            for row in rows
            for spelling in row.get("spell", ())
            if "leaf" in row
        }
        codes = (self._code(book, n, row, leaves) for n, row in enumerate(rows))
        return tuple(code for code in codes if code is not None)

    def _code(
        self, book: str, n: int, row: Mapping[str, Any], leaves: Mapping[str, str]
    ) -> Code | None:
        place = self.marks.code(book, n)
        if ("leaf" in row) == ("confirms" in row) or ("spell" in row) == bool(row.get("any")):
            self.found.append(finding("which_code", place))
            return None
        confirms = row.get("confirms", "")
        leaf = row.get("leaf") or leaves.get(normalise(confirms))
        if leaf is None:
            near = hint(confirms, leaves)
            where = self.marks.code(book, n, "confirms")
            self.found.append(finding("unknown_confirms", where, spelling=confirms, **near))
            return None
        id_, *values = leaf.split("/")
        node = self.nodes.get(id_)
        names = node.constants if node is not None else ()
        misplaced = any(
            value == ANY_SERVICE and name != "service"
            for name, value in zip(names, values, strict=False)
        )
        if node is not None and (len(names) != len(values) or misplaced) and not confirms:
            self.found.append(
                finding(
                    "constants_mismatch",
                    self.marks.code(book, n, "leaf"),
                    id=id_,
                    wanted=listed(names),
                    given=listed(values),
                )
            )
        tree = self.marks.books[book]
        return Code(
            book,
            tuple(row.get("spell", ())),
            id_,
            dict(zip(names, values, strict=False)),
            tuple(row.get("params", ())),
            place,
            self._filter(row, "codes", n, tree=tree),
            confirms,
            n,
        )

    # -- rules -------------------------------------------------------------------------------

    def _zone(self, name: str) -> ZoneInfo:
        try:
            return ZoneInfo(name)
        except (OSError, ValueError, KeyError):  # a folder, a bad word, a name not found
            pass
        self.found.append(finding("unknown_zone", self.marks.at("zone"), zone=name))
        return ZoneInfo("UTC")

    def _filter(
        self, row: Mapping[str, Any], *path: Step, tree: Tree | None = None
    ) -> Filter | None:
        if "for" not in row and "valid" not in row:
            return None
        words = {part: frozenset(some) for part, some in row.get("for", {}).items()}
        starts, ends = self._span(row.get("valid", {}), (*path, "valid"), tree or self.marks.menus)
        return Filter(**words, valid_from=starts, valid_to=ends)

    def _span(self, row: Mapping[str, str], path: tuple[Step, ...], tree: Tree) -> tuple[int, int]:
        starts = self._instant(row, "from", path, tree)
        ends = self._instant(row, "to", path, tree)
        if ends and starts >= ends:
            self.found.append(finding("bad_span", tree.at(*path)))
        return starts, ends

    def _instant(self, row: Mapping[str, str], key: str, path: tuple[Step, ...], tree: Tree) -> int:
        """UTC ms of a day or instant in the site's zone; 0 when it is not given."""
        text = row.get(key)
        if text is None:
            return 0
        try:
            return round(datetime.fromisoformat(text).replace(tzinfo=self.zone).timestamp() * 1000)
        except ValueError:
            words = {"zh": "存在的日期", "en": "a day that exists", "hint_zh": "", "hint_en": ""}
            self.found.append(finding("bad_value", tree.at(*path, key), value=text, **words))
            return 0

    def _window(self, n: int, row: Mapping[str, Any]) -> Window:
        starts, ends = row.get("from", 0), row.get("to", 86_400)
        if starts >= ends:
            self.found.append(finding("bad_span", self.marks.at("windows", n)))
        return Window(
            self._filter(row, "windows", n) or Filter(),
            row["reason"],
            row.get("days", ""),
            starts,
            ends,
            frozenset(row.get("kinds", ())),
            frozenset(row.get("books", ())),
        )


def listed(words: Iterable[str]) -> str:
    """Words for a message: `service, month`, or a dash for none."""
    return ", ".join(words) or "-"
