"""Who is calling whom, from what the PBX or the provider says; and numbers fit for a log."""

import re
from collections.abc import Mapping
from itertools import zip_longest

from dialog.session import CLAIMED, NETWORK, NONE, VOICE, Origin
from ivr.agi import Environment

_LEVELS = frozenset((NETWORK, CLAIMED, NONE))
_NUMBER = re.compile(r"\+?[0-9]{3,20}")
_MOBILE = re.compile(r"(?:86|0)?(1[3-9][0-9]{9})")
_COUNTRY = re.compile(r"^(?:\+|00)86")
_SHOWN = 7
CALL_ID = re.compile(r"[A-Za-z0-9_.:@-]{1,80}")
"""What Asterisk's agi_uniqueid may be: it becomes part of a key."""

_LINK = re.compile(r"[A-Za-z0-9_.-]{1,40}")


def national(number: str) -> str:
    """A number in national format; what is no telephone number gives an empty string.

    >>> national("+8613800138000"), national("013800138000"), national("+861062345678")
    ('13800138000', '13800138000', '01062345678')

    Service numbers (five digits or so) stand as they are; a number of another country keeps
    its `+` or 00.
    """
    if not _NUMBER.fullmatch(number):
        return ""
    bare = _COUNTRY.sub("", number, count=1)
    if mobile := _MOBILE.fullmatch(bare):
        return mobile[1]
    # A landline's area code has its trunk 0 inside the country only.
    return f"0{bare}" if bare != number and len(bare) > _SHOWN and bare[0] != "0" else bare


def masked(number: str) -> str:
    """A number as a log may show it: 138****8000."""
    if not number:
        return "withheld"
    return f"{number[:3]}****{number[-4:]}" if len(number) > _SHOWN else number


def origin_of(environment: Environment, link: str, identity: str = CLAIMED) -> Origin:
    """The origin of a call that Asterisk brings.

    The dialplan's arguments are the called number and the identity level, in this order or by
    name (`called=`, `identity=`, `link=`, also in the query string of the address); without them
    the extension and the given defaults count. A level that is no level counts as claimed, and a
    call without a number has none.
    """
    options = _options(environment)
    caller = "" if environment.withheld else national(environment.caller or "")
    called = (options.get("called", ""), environment.get("extension"), environment.get("dnid"))
    level = options.get("identity", identity)
    name = options.get("link", link)
    return Origin(
        VOICE,
        next((number for word in called if (number := national(word))), ""),
        caller,
        NONE if not caller else level if level in _LEVELS else CLAIMED,
        name if _LINK.fullmatch(name) else link,
    )


def _options(environment: Environment) -> Mapping[str, str]:
    found = dict(environment.query)
    places = ("called", "identity", "link")
    for place, word in zip_longest(places, environment.arguments, fillvalue=""):
        name, equals, value = word.partition("=")
        if equals:
            found[name.strip()] = value.strip()
        elif word:
            found[place] = word
    return found
