"""HTTP answers that carry replies: each reply by one answer or by the outbox, never by both."""

from __future__ import annotations

import threading

from dialog.host import Claim


class HttpAnswer:
    """A request that waits for the reply to the text it brought (a dialog.host.Carrier).

    `provider_id` is what receipts of the reply will name, where the link lets us choose it.
    """

    def __init__(self, provider_id: str = "") -> None:
        self._claim = Claim(provider_id)
        self._lock = threading.Lock()
        self._left = False
        self.claimed = False

    def claim(self, text: object) -> Claim | None:
        """The reply is this answer's, unless the request has left."""
        del text
        with self._lock:
            self.claimed = not self._left
            return self._claim if self.claimed else None

    def release(self) -> None:
        """The reply was not committed."""
        with self._lock:
            self.claimed = False

    def leave(self) -> bool:
        """The request waits no longer. False: the reply is its own already and about to come."""
        with self._lock:
            self._left = not self.claimed
            return self._left
