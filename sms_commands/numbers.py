"""Numbers as links bring and want them: national inside the house, international outside."""

from __future__ import annotations

import re

HOME = "86"
LONGEST_SHORT_CODE = 8
"""Digits; networks route such numbers as they stand, longer ones need the country code."""

_MOBILE = re.compile(r"1[3-9]\d{9}")
_FOREIGN = re.compile(r"\+\d{8,15}")
_FIXED = re.compile(r"(?!10|12|95|96)\d{8,15}")
"""Numbers of the country that are no service numbers (106..., 95...)."""
_PREFIX = re.compile(r"^(?:\+|00)?86(?=\d{3,})|^\+(?=\d{1,8}$)")


def national(number: str) -> str:
    """A number in national format; one of another country stays as it came (E.164).

    >>> national("+8613800138000"), national("8610086"), national("10086"), national("+14155550100")
    ('13800138000', '10086', '10086', '+14155550100')
    """
    return _PREFIX.sub("", number.strip())


def international(number: str) -> str:
    """The E.164 form of a national number; short codes and foreign numbers stay as they are."""
    if number.startswith("+") or len(number) <= LONGEST_SHORT_CODE:
        return number
    return f"+{HOME}{number}"


def answerable(number: str) -> bool:
    """Whether a national number is a subscriber's: no name, short code or service number.

    >>> [answerable(n) for n in ("13800138000", "+12125550100", "10086", "106575001", "BANK")]
    [True, True, False, False, False]
    """
    return any(kind.fullmatch(number) for kind in (_MOBILE, _FOREIGN, _FIXED))
