"""Who stopped a number's own messages is sent none of them, by whichever link."""

from __future__ import annotations

from dialog.events import STOP
from hotline.house import House
from ledger import records
from sms_commands.sender import OptedOutError, PermanentError, SendPort, Text


class Respecting:
    """A link that sends nothing unasked to those who stopped it; a SendPort.

    Answers and promised answers go out all the same. A provider's own list counts as well: what it
    says is recorded, and nothing is tried again.
    """

    def __init__(self, link: SendPort, house: House) -> None:
        self._link, self._house = link, house

    def send(self, text: Text) -> str:
        """Sends one text. Raises PermanentError("opted_out"), and what the link raises."""
        house = self._house
        subscriber = house.vault.pseudonym(text.number)
        if text.kind == "notify" and house.ledger.opted_out(text.called, subscriber):
            raise PermanentError("opted_out")
        try:
            return self._link.send(text)
        except OptedOutError:
            stopped(house, text.called, text.number)
            raise


def stopped(house: House, called: str, number: str) -> None:
    """Records, durably, that a provider knows the number (national) to have stopped `called`."""
    row = records.OptOut(called, house.vault.pseudonym(number), house.now(), STOP)
    house.ledger.append([row]).result()
