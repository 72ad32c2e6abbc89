"""Kannel 1.4: its sms-service request -> delivery, reply -> HTTP answer, receipts, and sendsms.

smsbox brings a text as a POST (`post-url`: the text is the body, the rest stands in the address)
or as a GET (`get-url`). It repeats a request that it got no 200 to, with the same message id; so
the id is the delivery's key. Kannel can't sign: a secret in the address, and loopback, guard it.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit, urlunsplit

from dialog.events import TextReceived
from dialog.host import Delivery
from dialog.session import NETWORK, TEXT, Origin
from sms_commands.compose import encoding
from sms_commands.context import FROM, context_of, said
from sms_commands.numbers import international, national
from sms_commands.sender import PermanentError, TemporaryError, Text, UncertainError

LINK = "kannel"
TIMEOUT_SECONDS = 20.0
RECEIPTS = {"all": 1 | 2 | 16, "failed": 2 | 16}
"""What Kannel may be asked to tell: delivered (1), failed (2), refused by the SMSC (16).

Queued (4) and taken by the SMSC (8) are no news (docs/adr/0029).
"""
OLDEST_MS = 7 * 24 * 3600 * 1000
AHEAD_MS = 5 * 60 * 1000
"""A link's clock that is further off is not believed."""

_STATES = {"1": "delivered", "2": "failed", "16": "failed"}
_ERROR = re.compile(r"\berr:(\w+)|^NACK/(\w+)")


class BadRequestError(ValueError):
    """A request without what Kannel always sends; the message names the field."""


class Receipts(NamedTuple):
    """The address at which Kannel is to tell what became of texts, and what of it."""

    url: str
    mask: int


class Receipt(NamedTuple):
    """What the SMSC reported. `state` is delivered | failed."""

    provider_id: str
    state: str
    error: str = ""


def admitted(secret: str, given: str, peer: str) -> bool:
    """Whether a request may come in: by the right secret and from this machine.

    Without a secret nothing is admitted.
    """
    right = hmac.compare_digest(secret.encode(), given.encode())
    return bool(secret) and right and _here(peer)


@lru_cache(maxsize=64)
def _here(peer: str) -> bool:
    try:
        return ipaddress.ip_address(peer).is_loopback
    except ValueError:
        return False


def delivery(fields: Mapping[str, str], text: str, at: int, *, identity: str = NETWORK) -> Delivery:
    """A text that Kannel brought, at `at` (UTC ms).

    `fields` has `id` (%I), `from` (%p), `to` (%P) and, where known, `at` (%T, seconds: when the
    SMSC took it) and `smsc` (%i). Raises BadRequestError when one of the first three is missing.
    """
    message, caller, called = (_field(fields, name) for name in ("id", "from", "to"))
    context = context_of(called, smsc=fields.get("smsc", ""))
    origin = Origin(TEXT, national(called), national(caller), identity, LINK)
    event = TextReceived(at, text, received=_received(fields.get("at", ""), at))
    return Delivery(f"{LINK}:{message}", "", origin, event, context)


def _field(fields: Mapping[str, str], name: str) -> str:
    value = fields.get(name, "").strip()
    if not value:
        raise BadRequestError(f"the request has no {name}")
    return value


def _received(seconds: str, at: int) -> int:
    """When the link took the text (UTC ms), 0 when it does not say, or nothing to be believed."""
    then = int(seconds) * 1000 if seconds.isascii() and seconds.isdigit() else 0
    return then if at - OLDEST_MS <= then <= at + AHEAD_MS else 0


def provider_id(ref: str) -> str:
    """The id that a text's receipts carry; Kannel takes ours, since its own is told too late."""
    return f"{LINK}/{ref}"


def headers(
    text: str, called: str, receipts: Receipts | None, ref: str, context: str
) -> dict[str, str]:
    """The headers of a text from the number that was texted, by the link that `context` names."""
    found = {"X-Kannel-From": said(context, FROM) or called, "X-Kannel-Coding": _coding(text)}
    if link := said(context, "smsc"):
        found["X-Kannel-SMSC"] = link
    if receipts:
        found["X-Kannel-DLR-Mask"] = str(receipts.mask)
        found["X-Kannel-DLR-Url"] = _dlr(receipts.url, ref)
    return found


def _coding(text: str) -> str:
    return "0" if encoding(text) == "gsm7" else "2"


def _dlr(url: str, ref: str) -> str:
    """Where Kannel tells what became of one text; its escapes stay as they are."""
    mark = "&" if "?" in url else "?"
    return f"{url}{mark}{urlencode({'ref': ref})}&type=%d&said=%A"


def receipt(fields: Mapping[str, str]) -> Receipt | None:
    """The fact in a delivery report; None for one that is no news.

    Raises BadRequestError without `ref`.
    """
    ref, state = _field(fields, "ref"), _STATES.get(fields.get("type", ""))
    if state is None:
        return None
    said = _ERROR.search(fields.get("said", "")) if state == "failed" else None
    return Receipt(provider_id(ref), state, next(filter(None, said.groups())) if said else "")


class KannelSender:
    """Sends texts through smsbox's sendsms; a SendPort. Thread-safe.

    `url` is http://user:password@host:port/cgi-bin/sendsms; without `receipts` none are asked for.
    """

    def __init__(
        self, url: str, receipts: Receipts | None = None, timeout: float = TIMEOUT_SECONDS
    ) -> None:
        import requests

        parts = urlsplit(url)
        self._url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        self._user, self._password = parts.username or "", parts.password or ""
        self._receipts, self._timeout = receipts, timeout
        self._http = requests.Session()

    def send(self, text: Text) -> str:
        """Sends one text; gives the id that its receipts will carry.

        Raises TemporaryError when Kannel surely did not take it, PermanentError when it refused
        this message, UncertainError when its answer was lost.
        """
        import requests

        context = text.reply_context
        asked = headers(text.text, text.called, self._receipts, text.id, context) | {
            "X-Kannel-Username": self._user,
            "X-Kannel-Password": self._password,
            "X-Kannel-To": international(text.number),
            "Content-Type": "text/plain; charset=UTF-8",
        }
        try:
            answer = self._http.post(
                self._url, data=text.text.encode(), headers=asked, timeout=self._timeout
            )
        except requests.ConnectTimeout:
            raise TemporaryError("no_connection") from None
        except requests.ConnectionError as error:
            raise _lost(error) from None
        except requests.RequestException as error:
            raise UncertainError(type(error).__name__) from None
        if answer.status_code == requests.codes.accepted:  # "0: Accepted", "3: Queued for later"
            return provider_id(text.id)
        raise _refusal(answer.status_code)


def _refusal(status: int) -> Exception:
    word = f"kannel_{status}"
    if status in (
        401,
        403,
        404,
        503,
    ):  # the user or the hour (503: temporal failure), not this text
        return TemporaryError(word)
    return UncertainError(word) if status >= 500 else PermanentError(word)


def _lost(error: Exception) -> Exception:
    """A connection that never stood is safe to repeat; one that broke may have carried the text."""
    from urllib3.exceptions import NewConnectionError

    cause = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(cause, NewConnectionError):
        return TemporaryError("no_connection")
    return UncertainError("connection_lost")
