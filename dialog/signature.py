"""What an action takes and gives, as data: the promise between menus.yaml and the BSS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

QUERY = "query"
ORDER = "order"
VERIFY = "verify"


class Signature(NamedTuple):
    """One action of the BSS port.

    `args` maps an argument to its type: a field type (dialog.fields), `service` (a catalogue id)
    or `effective` (now | next_cycle). `optional` may be left out. `gives` are the values of a
    success, by type (dialog.values); an order's quote gives `quoted`. `outcomes` are all words that
    it can end with beside those that perform.py adds (backend_error, backend_timeout, overload).
    """

    kind: str  # query | order | verify
    name: str
    args: Mapping[str, str]
    gives: Mapping[str, str]
    outcomes: tuple[str, ...]
    optional: tuple[str, ...] = ()
    quoted: Mapping[str, str] = {}
    subject: bool = True  # needs a subscriber
    priced: bool = False  # may cost money: its node must state the price and ask


PERFORM_ADDS = ("backend_error", "backend_timeout", "overload", "internal_error")

Signatures = Mapping[tuple[str, str], Signature]
"""By (kind, name)."""
