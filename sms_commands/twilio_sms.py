"""Twilio Programmable Messaging: webhook form -> delivery, reply -> TwiML, and sends by REST.

Twilio repeats a webhook that it got no answer to, with the same MessageSid; so does whoever replays
a signed request. Either is a duplicate delivery by its key: it gets the stored reply and nothing
runs twice. The signature says who wrote a request, the key when it was new.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from dialog.events import ANSWERED, HELP, START, STOP, TextReceived
from dialog.host import Delivery
from dialog.session import NETWORK, TEXT, Origin
from sms_commands.context import FROM, context_of, said
from sms_commands.numbers import international, national
from sms_commands.sender import OptedOutError, PermanentError, TemporaryError, Text, UncertainError

LINK = "twilio"
API = "https://api.twilio.com"
TIMEOUT_SECONDS = 10.0


_KEYWORDS = dict.fromkeys(
    ("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"), STOP
) | {"START": START, "UNSTOP": START, "HELP": HELP, "INFO": HELP}
"""What Twilio itself acts on and answers when it is a whole text, unless told otherwise: Twilio
support for opt-out keywords. YES, which Twilio takes for START too, stays an answer here."""
OPTED_OUT = "21610"
"""Twilio's error: the subscriber stopped the number's messages."""


class BadFormError(ValueError):
    """A webhook form without what Twilio always sends; the message names the field."""


class Receipt(NamedTuple):
    """What the network reported of a text that we sent. `state` is sent | delivered | failed."""

    provider_id: str
    state: str
    error: str = ""  # Twilio's error code


_RECEIPTS = {
    "sent": "sent",
    "delivered": "delivered",
    "read": "delivered",
    "undelivered": "failed",
    "failed": "failed",
}
_UNDER_WAY = frozenset(("accepted", "scheduled", "queued", "sending"))


def signed(url: str, form: Any, signature: str, token: str) -> bool:
    """Whether Twilio signed this request: HMAC-SHA1 of the public URL and the sorted fields.

    `url` is what Twilio called, with its query; behind a proxy that is not the one seen here.
    `form` is a mapping, or a multi-dict when a field repeats. Without a token nothing is signed:
    an empty key is one that anybody can use.
    """
    from twilio.request_validator import RequestValidator

    return bool(token and signature and RequestValidator(token).validate(url, form, signature))


def delivery_from_form(
    form: Mapping[str, str],
    at: int,
    *,
    link: str = LINK,
    identity: str = NETWORK,
    traffic: str = "real",
    keywords: bool = True,
) -> Delivery:
    """A text that Twilio brought, at `at` (UTC ms).

    `keywords`: Twilio acts on STOP, START and HELP and answers them; it says so of a text in
    OptOutType where its Advanced Opt-Out is on, and does so silently else.

    Raises BadFormError when MessageSid, From or To is missing. A text without Body is an empty one.
    """
    sid, caller, called = (_field(form, name) for name in ("MessageSid", "From", "To"))
    origin = Origin(TEXT, national(called), national(caller), identity, link, traffic)
    # which of our numbers Twilio knows: replies must leave from it
    context = context_of(called)
    body = form.get("Body", "")
    verdict = form.get("OptOutType", "").lower()
    if verdict not in ANSWERED:
        verdict = _KEYWORDS.get(body.strip().upper(), "") if keywords else ""
    event = TextReceived(at, body, verdict=verdict)
    return Delivery(f"{link}:{sid}", "", origin, event, context)


def _field(form: Mapping[str, str], name: str) -> str:
    value = form.get(name, "")
    if not value:
        raise BadFormError(f"the form has no {name}")
    return value


def twiml(text: str, status_callback: str = "") -> str:
    """The HTTP answer that carries a reply; without text it only acknowledges.

    TwiML gives us no id of the reply, so `status_callback` should name it in its query.
    """
    from twilio.twiml.messaging_response import MessagingResponse

    response = MessagingResponse()
    if text:
        response.message(text, status_callback=status_callback or None)
    return str(response)


def receipt_from_form(form: Mapping[str, str]) -> Receipt | None:
    """The fact in a status callback; None for a text that is still under way.

    Raises BadFormError without MessageSid or with a status that Twilio does not document.
    """
    sid, status = _field(form, "MessageSid"), _field(form, "MessageStatus")
    if status in _UNDER_WAY:
        return None
    if status not in _RECEIPTS:
        raise BadFormError(f"no such MessageStatus: {status}")
    return Receipt(sid, _RECEIPTS[status], form.get("ErrorCode", ""))


class TwilioSender:
    """Sends texts through Twilio's REST API; a SendPort. Thread-safe.

    A reply leaves from the number that was texted. For other texts `senders` maps a called number
    to the number that Twilio knows it by, where that is not its E.164 form. `base_url` is for a
    proxy or a stub.
    """

    def __init__(
        self,
        account: str,
        token: str,
        *,
        senders: Mapping[str, str] | None = None,
        status_callback: str = "",
        base_url: str = API,
        timeout: float = TIMEOUT_SECONDS,
    ) -> None:
        from twilio.rest import Client

        self._client = Client(account, token, http_client=_Http(base_url.rstrip("/"), timeout))
        self._senders = dict(senders or {})
        self._status_callback = status_callback or None

    def send(self, text: Text) -> str:
        """Sends one text; gives Twilio's message SID.

        Raises TemporaryError when Twilio surely did not take it (no connection, too many requests,
        our account refused), PermanentError when it refused this message, UncertainError when its
        answer was lost: messages have no idempotency key, so a repeat might be a second text.
        """
        import requests
        from twilio.base.exceptions import TwilioRestException

        try:
            message = self._client.messages.create(
                to=international(text.number),
                from_=said(text.reply_context, FROM)
                or self._senders.get(text.called)
                or international(text.called),
                body=text.text,
                status_callback=self._status_callback,
            )
        except TwilioRestException as error:
            # Twilio's own words may hold the number: only its code is kept
            raise _refusal(error.status, error.code) from None
        except (requests.ConnectTimeout, requests.exceptions.SSLError):
            raise TemporaryError("no_connection") from None
        except requests.ConnectionError as error:
            raise _lost(error) from None
        except requests.RequestException as error:
            raise UncertainError(type(error).__name__) from None
        return str(message.sid)


class _Http:
    """Twilio's HTTP client, its requests turned to `base_url`."""

    def __init__(self, base_url: str, timeout: float) -> None:
        from twilio.http.http_client import TwilioHttpClient

        self._base_url, self._client = base_url, TwilioHttpClient(timeout=timeout)

    def request(self, method: str, url: str, *args: Any, **rest: Any) -> Any:
        return self._client.request(method, self._base_url + url.removeprefix(API), *args, **rest)


def _refusal(status: int, code: int | None) -> Exception:
    word = f"twilio_{code or status}"
    if str(code) == OPTED_OUT:
        return OptedOutError(word)
    if status in (401, 403, 404, 429, 503):  # the account or the hour, not this message
        return TemporaryError(word)
    if status >= 500:
        return UncertainError(word)
    return PermanentError(word)


def _lost(error: Exception) -> Exception:
    """A connection that never stood is safe to repeat; one that broke may have carried the text."""
    from urllib3.exceptions import NewConnectionError

    cause = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(cause, NewConnectionError):
        return TemporaryError("no_connection")
    return UncertainError("connection_lost")
