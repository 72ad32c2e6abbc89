"""What a link needs to answer a text: JSON that rides on the delivery and on its outbox row.

Every link says `from`, the number that was texted as the link wrote it (with its extension digits,
say): a reply leaves from it. More is a link's own, such as Kannel's `smsc` or a CMPP LinkID.
"""

from __future__ import annotations

import json

FROM = "from"

# made once: json.dumps makes a new encoder for each call that is not all defaults
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def context_of(called: str, **more: str) -> str:
    """The context of a text to `called`, as the link wrote it."""
    return _ENCODER.encode({FROM: called, **more})


def said(context: str, name: str) -> str:
    """A link's word in a context; "" where it has none, as texts that answer nothing have."""
    return str(json.loads(context).get(name, "")) if context else ""
