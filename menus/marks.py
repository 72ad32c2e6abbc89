"""Where each part of a model stands in its files: lint asks by path and gets line and column."""

from __future__ import annotations

from collections.abc import Mapping

from menus.model import Place
from menus.yaml_marks import Step, Tree

SECTIONS = {
    "menu": "menus",
    "form": "forms",
    "action": "actions",
    "message": "messages",
    "transfer": "transfers",
}
"""A node kind's section of menus.yaml."""


class Marks:
    """The trees that a model was built from."""

    __slots__ = ("books", "menus")

    def __init__(self, menus: Tree, books: Mapping[str, Tree]) -> None:
        self.menus, self.books = menus, books

    def at(self, *path: Step) -> Place:
        """Where the value at a path of menus.yaml begins."""
        return self.menus.at(*path)

    def key(self, *path: Step) -> Place:
        """Where the key at a path of menus.yaml begins."""
        return self.menus.key(*path)

    def code(self, book: str, row: int, *path: Step) -> Place:
        """A place in a row of a codebook."""
        return self.books[book].at("codes", row, *path)
