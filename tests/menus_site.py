"""The test site of tests/menus/good/minimal and the actions that it names."""

from __future__ import annotations

from pathlib import Path

from dialog.signature import ORDER, QUERY, Signature, Signatures

FOLDER = Path(__file__).parent / "menus"
MINIMAL = FOLDER / "good" / "minimal"

_ALL = (
    Signature(QUERY, "balance", {}, {"balance": "money", "points": "count"}, ("succeeded",)),
    Signature(
        QUERY, "home", {"number": "phone"}, {"place": "place"}, ("succeeded",), subject=False
    ),
    Signature(QUERY, "held", {}, {"items": "list"}, ("succeeded",)),
    Signature(
        ORDER,
        "subscribe",
        {"service": "service"},
        {"from": "date"},
        ("succeeded", "accepted", "already_active", "insufficient_balance"),
        quoted={"price": "money"},
        priced=True,
    ),
    Signature(ORDER, "change_password", {"new": "new_password"}, {}, ("succeeded", "unknown")),
)

SIGNATURES: Signatures = {(signature.kind, signature.name): signature for signature in _ALL}
"""The signatures that the test files are held to."""
