"""menus.yaml and the codebooks that it uses: read from a site, or from the sources of a version.

Bad content never raises: it comes back as findings, all of one reading at once. Lint joins in when
the caller has the facts for it (the action signatures).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from dialog.signature import Signatures
from menus.build import build
from menus.digest import digest
from menus.findings import Finding, errors, finding, hint, in_order
from menus.marks import Marks
from menus.model import Model, Place
from menus.references import references
from menus.schema import CODEBOOK, MENUS
from menus.shape import Checker, Shape
from menus.yaml_marks import MOST_BYTES, Listing, Scalar, Tree, parse

MENUS_FILE = "menus.yaml"
BOOKS_DIR = "sms_commands/codebooks"
_PACKAGED = Path(__file__).parent.parent / BOOKS_DIR


class UnreadableError(ValueError):
    """Sources that can't be read; `findings` say why."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__("\n".join(map(str, findings)))
        self.findings = findings


class Sources(dict[str, str]):
    """The texts of a version by name, the menus file's always as MENUS_FILE.

    `file` is the name that it was read under: findings in it say so.
    """

    def __init__(self, texts: Mapping[str, str], file: str = MENUS_FILE) -> None:
        super().__init__(texts)
        self.file = file


def read_sources(site: Path, beside: Path | None = None) -> Sources:
    """The text of menus.yaml and of each codebook in use, by name, as a version keeps them.

    `site` is a site's folder, or a menus file in it under any name. A book is the site's own
    `sms_commands/codebooks/<id>.yaml`, or that of the site `beside` (for a menus file that lies
    elsewhere), or else the packaged one. Raises UnreadableError.
    """
    read = _read(site, beside)
    if read.found:
        raise UnreadableError(read.found)
    return read.sources


def source(site: Path, name: str) -> str | None:
    """The text that a site's folder has for a source's name; None when it has none to be read.

    Of a book that it has none of, the packaged one.
    """
    file = site / name
    if name != MENUS_FILE and not file.is_file():
        file = _PACKAGED / file.name
    return read_text(file, name, [])


def load(site: Path, *, signatures: Signatures | None = None) -> tuple[Model | None, list[Finding]]:
    """The model of a site, and what was found. See `load_sources`."""
    read = _read(site)
    if MENUS_FILE not in read.sources:
        return None, in_order(read.found)
    return _load(read, signatures)


def load_sources(
    sources: Mapping[str, str], *, signatures: Signatures | None = None
) -> tuple[Model | None, list[Finding]]:
    """The model of sources as `read_sources` gives them, and what was found.

    The model is None when an error keeps it from being built or a reference leads nowhere. With
    signatures the findings are also lint's; those leave the model, and the caller decides.
    """
    named = sources if isinstance(sources, Sources) else Sources(sources)
    tree, found = parse(named.file, named.get(MENUS_FILE, ""))
    for book, place in _books(tree):
        if _book_file(book) not in named:
            found.append(finding("unknown_book", place, book=book, hint_zh="", hint_en=""))
    return _load(_Read(named, tree, found), signatures)


class _Read(NamedTuple):
    """Sources, the tree of menus.yaml, and what is wrong so far."""

    sources: Sources
    tree: Tree
    found: list[Finding]


def _read(site: Path, beside: Path | None = None) -> _Read:
    found: list[Finding] = []
    path = site if site.is_file() else site / MENUS_FILE
    text = read_text(path, path.name, found)
    if text is None:
        return _Read(Sources({}), Tree(path.name, None), found)
    sources = Sources({MENUS_FILE: text}, path.name)
    tree, wrong = parse(path.name, text)
    found += wrong
    for book, place in _books(tree):
        name = _book_file(book)
        if name in sources:
            continue
        own = [folder / name for folder in (path.parent, beside) if folder is not None]
        places = [*own, _PACKAGED / f"{book}.yaml"]
        file = next((place for place in places if place.is_file()), None)
        if file is None:
            known = {p.stem for place in places for p in place.parent.glob("*.yaml")}
            found.append(finding("unknown_book", place, book=book, **hint(book, known)))
            continue
        text = read_text(file, name, found)
        if text is not None:
            sources[name] = text
    return _Read(sources, tree, found)


def _book_file(book: str) -> str:
    return f"{BOOKS_DIR}/{book}.yaml"


def read_text(path: Path, name: str, found: list[Finding]) -> str | None:
    """A file's text; None after adding why it has none. Findings call the file `name`."""
    try:
        if path.stat().st_size > MOST_BYTES:
            found.append(finding("too_large", Place(name, 1), most=MOST_BYTES // 2**20))
            return None
        data = path.read_bytes()
    except OSError:
        found.append(finding("no_file", Place(name, 1), file=path))
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        found.append(finding("not_utf8", Place(name, line)))
        return None


def _books(tree: Tree) -> list[tuple[str, Place]]:
    """The books in use, as far as the tree shows them."""
    rows = tree.part("books")
    used: list[tuple[str, Place]] = []
    for n in range(len(rows.items) if isinstance(rows, Listing) else 0):
        use = tree.part("books", n, "use")
        if isinstance(use, Scalar) and use.text.isidentifier():
            used.append((use.text, tree.of(use)))
    return used


def checked(tree: Tree, shape: Shape, found: list[Finding]) -> dict[str, Any] | None:
    """The values of a tree, or None when its shape is not that of the schema."""
    if tree.root is None:
        return None
    checker = Checker(tree, found)
    values: dict[str, Any] = checker.check(shape, tree.root)
    return None if checker.broken else values


def _load(read: _Read, signatures: Signatures | None) -> tuple[Model | None, list[Finding]]:
    found = read.found
    menus = checked(read.tree, MENUS, found)
    trees: dict[str, Tree] = {}
    books: dict[str, dict[str, Any]] = {}
    for book, _ in _books(read.tree):
        file = _book_file(book)
        if book in trees or file not in read.sources:
            continue
        trees[book], wrong = parse(file, read.sources[file])
        found += wrong
        values = checked(trees[book], CODEBOOK, found)
        if values is None:
            menus = None
            continue
        books[book] = values
        if values["book"] != book:
            place = trees[book].at("book")
            found.append(finding("book_name", place, file=file, book=values["book"]))
    if menus is None:
        return None, in_order(found)
    model, wrong = build(menus, books, Marks(read.tree, trees))
    found += [*wrong, *references(model)]
    ready = not errors(found)
    if signatures is not None:
        from menus.lint import lint  # the serving path needs no lint

        found += lint(model, signatures, None)
    if not ready:
        return None, in_order(found)
    return replace(model, digest=digest(model)), in_order(found)
