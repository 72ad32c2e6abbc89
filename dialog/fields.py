"""What a caller may key and a subscriber may text into a field, and its canonical form.

A check never guesses: it returns the canonical string or raises BadField with a reason that the
texts name (too_short, too_long, malformed, bad_checksum, out_of_range, weak).
"""

from __future__ import annotations

import re
from collections.abc import Callable

_MONTH = re.compile(r"(?:(\d{4}|\d{2})年)?(\d{1,2})月份?")

FAULTS = ("too_short", "too_long", "malformed", "bad_checksum", "out_of_range", "weak")


class BadField(ValueError):
    """An entry that its field does not take; `args[0]` is one of FAULTS."""


def _fixed(text: str, length: int) -> str:
    if not text.isascii() or not text.isdigit():
        raise BadField("malformed")
    if len(text) != length:
        raise BadField("too_short" if len(text) < length else "too_long")
    return text


def phone(text: str, at: str) -> str:
    """A mainland mobile number as 11 digits; +86, 0086, 86, a trunk 0 and hyphens are taken off."""
    del at
    bare = re.sub(r"^(?:\+|00)?86(?=1\d{10}$)|^0(?=1\d{10}$)", "", text.replace("-", ""))
    bare = _fixed(bare, 11)
    if not re.match(r"1[3-9]", bare):
        raise BadField("malformed")
    return bare


def short_number(text: str, at: str) -> str:
    """A short number inside a group's virtual network: three to six digits."""
    del at
    if not text.isascii() or not text.isdigit():
        raise BadField("malformed")
    if not 3 <= len(text) <= 6:
        raise BadField("too_short" if len(text) < 3 else "too_long")
    return text


def month(text: str, at: str) -> str:
    """A month as YYYY-MM: keyed as MM (the latest such month), YYMM or YYYYMM; texted as 11月, too.

    `at` is today, YYYY-MM-DD; a month later than this one is out of range.
    """
    if said := _MONTH.fullmatch(text):
        text = f"{said[1] or ''}{said[2].zfill(2)}"
    if not text.isascii() or not text.isdigit():
        raise BadField("malformed")
    this_year, this_month = int(at[:4]), int(at[5:7])
    if len(text) <= 2:
        m = int(text)
        y = this_year if m <= this_month else this_year - 1
    elif len(text) == 4:
        y, m = 2000 + int(text[:2]), int(text[2:])
    elif len(text) == 6:
        y, m = int(text[:4]), int(text[4:])
    else:
        raise BadField("too_short" if len(text) < 4 else "too_long")
    if not 1 <= m <= 12 or (y, m) > (this_year, this_month):
        raise BadField("out_of_range")
    return f"{y:04d}-{m:02d}"


def yuan(text: str, at: str) -> str:
    """An amount as fen: whole yuan by key, two decimals at most by text; up to 10,000 yuan."""
    del at
    match = re.fullmatch(r"(\d{1,6})(?:\.(\d{1,2}))?元?", text)
    if not match or (not text.isascii() and not text.endswith("元")):
        raise BadField("malformed")
    fen = int(match[1]) * 100 + int((match[2] or "0").ljust(2, "0"))
    if not 0 < fen <= 1_000_000:
        raise BadField("out_of_range")
    return str(fen)


def password(text: str, at: str) -> str:
    """A service password: six digits."""
    del at
    return _fixed(text, 6)


def new_password(text: str, at: str) -> str:
    """A service password that may be set: six digits, not all one digit, not a run up or down."""
    password(text, at)
    if len(set(text)) == 1 or text in "01234567890" or text in "09876543210":
        raise BadField("weak")
    return text


_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def identity(text: str, at: str) -> str:
    """A resident identity number of 18 characters with its check digit; `*` stands for X.

    Source: GB 11643-1999 (check character by ISO 7064 MOD 11-2).
    """
    del at
    bare = text.upper().replace("*", "X")
    if len(bare) != 18:
        raise BadField("too_short" if len(bare) < 18 else "too_long")
    if not re.fullmatch(r"[0-9]{17}[0-9X]", bare):
        raise BadField("malformed")
    rest = sum(int(c) * w for c, w in zip(bare[:17], _WEIGHTS, strict=True)) % 11
    if "10X98765432"[rest] != bare[17]:
        raise BadField("bad_checksum")
    return bare


def free_text(text: str, at: str) -> str:
    """Words of one's own, by text only; anything that is not blank."""
    del at
    if not text.strip():
        raise BadField("too_short")
    return text.strip()


class Type:
    """A field type: its check, its longest entry in keys, and whether it is a secret."""

    __slots__ = ("check", "digits", "secret", "star")

    def __init__(
        self,
        check: Callable[[str, str], str],
        digits: int,
        *,
        secret: bool = False,
        star: bool = False,
    ) -> None:
        self.check, self.digits, self.secret, self.star = check, digits, secret, star


TYPES: dict[str, Type] = {
    "phone": Type(phone, 11),
    "short_number": Type(short_number, 6),
    "month": Type(month, 6),
    "yuan": Type(yuan, 5),
    "password": Type(password, 6, secret=True),
    "new_password": Type(new_password, 6, secret=True),
    "identity": Type(identity, 18, secret=True, star=True),
    "free_text": Type(free_text, 1, secret=True),
}
"""`star`: `*` is part of the entry and so does not lead back."""
