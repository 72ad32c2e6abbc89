"""What a link brings with a text, and the number that its reply leaves from: each link alike."""

from __future__ import annotations

import json

from sms_commands import kannel, twilio_sms
from sms_commands.context import FROM, context_of, said


def test_a_context_says_the_number_as_the_link_wrote_it() -> None:
    """And what else the link needs; a text that answers nothing has none."""
    context = context_of("+8610086", smsc="A")
    assert json.loads(context) == {"from": "+8610086", "smsc": "A"}
    assert said(context, FROM) == "+8610086"
    assert said(context, "link_id") == ""
    assert said("", FROM) == ""


def test_kannel_and_twilio_say_it_alike() -> None:
    """One word for all links; the dialogue sees the national number."""
    fields = {"id": "1", "from": "+8613800138000", "to": "8610086", "smsc": "A"}
    form = {"MessageSid": "SM1", "From": "+8613800138000", "To": "8610086"}
    for delivery in (
        kannel.delivery(fields, "CXYE", 1),
        twilio_sms.delivery_from_form(form, 1),
    ):
        assert said(delivery.reply_context, FROM) == "8610086"
        assert delivery.origin.called == "10086"


def test_kannel_answers_from_it() -> None:
    """By the link that brought the text; other texts leave from the number that they are of."""
    headers = kannel.headers("ok", "10086", None, "ref", context_of("8610086", smsc="A"))
    assert (headers["X-Kannel-From"], headers["X-Kannel-SMSC"]) == ("8610086", "A")
    headers = kannel.headers("ok", "10086", None, "ref", "")
    assert headers["X-Kannel-From"] == "10086"
    assert "X-Kannel-SMSC" not in headers
