"""Whom and when a rehearsal plays: the number, the leaflet, the brand and the day asked for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

import click

from actions.embedded.catalogue import PLANS
from dialog import session as sessions
from dialog.events import Profile
from dialog.session import TEXT
from hotline.house import House
from hotline.rehearse import caller_of
from menus.model import BookUse, Filter, Model

_FACTS = ("operator", "brand", "province", "tier", "roaming")
_PATIENCE_MS = 1000
_FIRST_YEAR = 1980  # no leaflet is older, and times count from 1970


def number_called(house: House, called: str | None) -> str:
    """The number that is called or texted, by default the site's first. Raises BadParameter."""
    served = house.versions.serving().called
    if called is None:
        return served[0]
    if called not in served:
        raise click.BadParameter(
            f"本站不服务 {called}，可选 {'、'.join(served)}。"
            f" Not served here; choose {', '.join(served)}.",
            param_hint="--to",
        )
    return called


def moment(text: str, zone: str) -> int:
    """A local time of the command line as UTC milliseconds. Raises BadParameter."""
    try:
        local = datetime.fromisoformat(text)
        if local.tzinfo is not None or ":" not in text or local.year < _FIRST_YEAR:
            raise ValueError
        return int(local.replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)
    except ValueError:
        raise click.BadParameter(
            f"{text!r} 不是时间，写成 2009-11-30T18:30。 Not a time; write 2009-11-30T18:30.",
            param_hint="--at",
        ) from None


def part(
    house: House, subscriber: str, called: str | None, book: str | None, brand: str | None
) -> tuple[str, Profile | None]:
    """The number that is texted and who texts; None for whom the BSS knows under the number.

    A dialogue that is open as somebody else is ended: a part is played from its beginning. Raises
    BadParameter for a book or brand that there is not, or that do not go together.
    """
    model = house.versions.serving()
    rule = _use(model, book).filter if book is not None else Filter()
    to = number_called(house, called)
    if rule.called and to not in rule.called:
        if called is not None:
            raise _apart("--to", called, str(book), rule.called)
        to = next(number for number in model.called if number in rule.called)
    if book is None and brand is None:
        return to, None
    profile = house.performer.profile(subscriber, _PATIENCE_MS) or Profile("")
    if brand is not None:
        _known("--brand", brand, _brands(model))
        if rule.brand and brand not in rule.brand:
            raise _apart("--brand", brand, str(book), rule.brand)
        profile = profile._replace(brand=brand)
    for fact in _FACTS:
        wanted = getattr(rule, fact)
        if wanted and getattr(profile, fact) not in wanted:
            profile = profile._replace(**{fact: min(wanted)})
    operator = model.operators.get(to, "")
    if book is not None and operator:
        profile = profile._replace(operator=operator)  # a number's leaflets are its operator's
    _leave_other(house, subscriber, to, profile)
    return to, profile


def _use(model: Model, book: str) -> BookUse:
    uses = {use.book: use for use in model.books}
    _known("--book", book, uses)
    return uses[book]


def _brands(model: Model) -> set[str]:
    named = {brand for use in model.books for brand in use.filter.brand}
    return named | {plan.brand for plan in PLANS.values() if plan.brand}


def _known(option: str, word: str, known: Iterable[str]) -> None:
    if word not in known:
        words = sorted(known)
        raise click.BadParameter(
            f"没有 {word}，可选 {'、'.join(words)}。 No such one; choose {', '.join(words)}.",
            param_hint=option,
        )


def _apart(option: str, word: str, book: str, meant: Iterable[str]) -> click.BadParameter:
    words = sorted(meant)
    return click.BadParameter(
        f"代码表 {book} 不给 {word} 用，只给 {'、'.join(words)}。"
        f" The book {book} is not for {word} but for {', '.join(words)}.",
        param_hint=option,
    )


def _leave_other(house: House, subscriber: str, to: str, profile: Profile) -> None:
    """Ends the rehearsed dialogue that is open as somebody with other facts."""
    line = house.vault.pseudonym(subscriber)
    traffic = caller_of(subscriber, to, TEXT, "").traffic
    found = house.ledger.open_text(to, line, traffic)
    text = house.ledger.session(found) if found is not None else None
    if found is None or text is None:
        return
    session = sessions.load(text)
    if session.profile != profile:
        house.runner.expire(found, session.deadline)
        house.ledger.append([]).result()
