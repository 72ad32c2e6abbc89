"""Menus versions, and which of them serves."""

from __future__ import annotations

from concurrent.futures import Future

from ledger import records as r
from ledger.store import Store

_FIELDS = ", ".join(r.Version._fields)


class Versions(Store):
    """Versions are kept for good; the last serving row rules in every process."""

    def add_version(self, version: r.Version) -> Future[None]:
        """Keeps a version; one of the same digest that is there already stays as it is."""
        return self.append([version])

    def serve(self, digest: str, at: int, author: str, note: str) -> Future[None]:
        """Makes a version the one that new sessions begin on; author and note are of this act."""
        return self.append([r.Serving(digest, at, author, note)])

    def serving(self) -> str | None:
        """The digest that new sessions begin on; None before the first."""
        row = self._first("SELECT digest FROM serving ORDER BY n DESC LIMIT 1")
        return row[0] if row else None

    def version(self, digest: str) -> r.Version | None:
        """A version with its sources."""
        row = self._first(
            f"SELECT {_FIELDS} FROM versions WHERE digest = ?",  # noqa: S608
            (digest,),
        )
        return r.Version(*row) if row else None

    def servings(self) -> list[r.Serving]:
        """Every time that a version was made the serving one, the latest first."""
        fields = ", ".join(r.Serving._fields)
        return [
            r.Serving(*row)
            for row in self._read(f"SELECT {fields} FROM serving ORDER BY n DESC")  # noqa: S608
        ]

    def waiting(self) -> dict[str, int]:
        """By version: how many sessions are not over."""
        sql = "SELECT digest, COUNT(*) FROM sessions WHERE deadline > 0 GROUP BY digest"
        return dict(self._read(sql))

    def digests(self) -> list[str]:
        """All versions, oldest first."""
        return [digest for (digest,) in self._read("SELECT digest FROM versions ORDER BY at")]
