"""How a typed value is said: words of a small fixed vocabulary, one clip each.

A word is an id such as `n58` or `yuan`; VOCABULARY has its wording per language. Numbers below 100
are whole clips, so that the commonest amounts sound spoken and not assembled. Names, texts and
lists need the file's own clips: `ivr.playlist` says those.
"""

from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import Any

from dialog import values
from dialog.values import Value

Words = tuple[str, ...]

# ruff: noqa: SIM905 - a list of words is read as words
_ZH_DIGITS = "零一二三四五六七八九"


def _zh_tens(n: int) -> str:
    tens, unit = divmod(n, 10)
    head = "" if tens == 0 else "十" if tens == 1 else _ZH_DIGITS[tens] + "十"
    return head + ("" if tens and not unit else _ZH_DIGITS[unit])


def _zh_vocabulary() -> dict[str, str]:
    words = {f"n{n}": _zh_tens(n) for n in range(100)}
    # After a hundred, ten is 一十: 一百一十五.
    words |= {f"one{n}": "一" + _zh_tens(n) for n in range(10, 20)}
    words |= {f"month{n}": _zh_tens(n) + "月" for n in range(1, 13)}
    words |= {f"day{n}": _zh_tens(n) + "日" for n in range(1, 32)}
    return words | {
        "liang": "两",
        "hundred": "百",
        "thousand": "千",
        "wan": "万",
        "yi": "亿",
        "minus": "负",
        "point": "点",
        "yuan": "元",
        "jiao": "角",
        "fen": "分",
        "kilo": "千字节",
        "mega": "兆",
        # Giga's standard name sounds as the letter G does in Chinese.
        "giga": "吉",
        "hour": "小时",
        "minute": "分钟",
        "second": "秒",
        "year": "年",
        "ending": "尾号",
        "star": "星号键",
        "hash": "井号键",
    }


_EN_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
).split()
_EN_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_EN_MONTHS = (
    "January February March April May June July August September October November December"
).split()
_EN_ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth "
    "fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
).split()


def _en_tens(n: int) -> str:
    if n < 20:
        return _EN_UNITS[n]
    tens, unit = divmod(n, 10)
    return _EN_TENS[tens - 2] + (f"-{_EN_UNITS[unit]}" if unit else "")


def _en_ordinal(n: int) -> str:
    if n <= 20:
        return _EN_ORDINALS[n - 1]
    return "thirtieth" if n == 30 else f"{_EN_TENS[n // 10 - 2]}-{_EN_ORDINALS[n % 10 - 1]}"


def _en_vocabulary() -> dict[str, str]:
    words = {f"n{n}": _en_tens(n) for n in range(100)}
    words |= {f"month{n}": name for n, name in enumerate(_EN_MONTHS, 1)}
    words |= {f"day{n}": _en_ordinal(n) for n in range(1, 32)}
    words |= {word: word for word in ("hundred", "thousand", "million", "billion", "minus")}
    for unit in ("hour", "minute", "second", "kilobyte", "megabyte", "gigabyte"):
        words |= {unit: unit, f"{unit}s": f"{unit}s"}
    return words | {
        "point": "point",
        "yuan": "yuan",
        "fen": "fen",
        "ending": "ending in",
        "star": "star",
        "hash": "pound",
    }


ZH, EN = "zh-CN", "en"

VOCABULARY = MappingProxyType(
    {ZH: MappingProxyType(_zh_vocabulary()), EN: MappingProxyType(_en_vocabulary())}
)
"""Language -> word id -> the text that its clip speaks."""


def _zh_number(n: int) -> Iterator[str]:
    """A number by itself: 12 十二, 110 一百一十, 2000 两千, 10005 一万零五."""
    if n < 0:
        yield "minus"
        n = -n
    if n < 10_000:
        yield from _zh_section(n, lead=True) if n else ("n0",)
        return
    for scale, word in ((100_000_000, "yi"), (10_000, "wan")):
        high, low = divmod(n, scale)
        if high:
            yield from _zh_units(high)
            yield word
            if low:
                yield from _zh_rest(low, scale)
            return


def _zh_rest(n: int, scale: int) -> Iterator[str]:
    """What follows 亿 or 万; a gap of any number of digits is one 零."""
    if n < scale // 10:
        yield "n0"
    high, low = divmod(n, 10_000)
    if high:
        yield from ("liang",) if high == 2 else _zh_section(high, lead=False)
        yield "wan"
        if 0 < low < 1000:
            yield "n0"
    if low:
        yield from _zh_section(low, lead=False)


def _zh_section(n: int, *, lead: bool) -> Iterator[str]:
    """1 to 9999; `lead` tells that nothing stands before it, so that 10 is 十 and not 一十."""
    thousands, rest = divmod(n, 1000)
    hundreds, tens = divmod(rest, 100)
    if thousands:
        yield from (_zh_digit(thousands), "thousand")
    if hundreds:
        yield from (f"n{hundreds}", "hundred")
    if not tens:
        return
    if (thousands and not hundreds) or (hundreds and tens < 10):
        yield "n0"
    alone = lead and not thousands and not hundreds
    yield f"one{tens}" if 10 <= tens < 20 and not alone else f"n{tens}"


def _zh_digit(n: int) -> str:
    return "liang" if n == 2 else f"n{n}"


def _zh_units(n: int) -> Iterator[str]:
    """A number before a measure word: 2 is 两."""
    yield from ("liang",) if n == 2 else _zh_number(n)


def _zh_money(fen: int) -> Iterator[str]:
    if fen < 0:
        yield "minus"
    yuan, rest = divmod(abs(fen), 100)
    jiao, fen = divmod(rest, 10)
    if yuan or not rest:
        yield from _zh_units(yuan)
        yield "yuan"
    if jiao:
        yield from (_zh_digit(jiao), "jiao")
    elif yuan and fen:
        yield "n0"
    if fen:
        yield from (_zh_digit(fen), "fen")


def _zh_data(kilobytes: int) -> Iterator[str]:
    unit, whole, tenth = _volume(kilobytes)
    if tenth:
        yield from (*_zh_number(whole), "point", f"n{tenth}")
    else:
        yield from _zh_units(whole)
    yield unit


def _zh_duration(seconds: int) -> Iterator[str]:
    for n, unit in _clock(seconds):
        yield from _zh_units(n)
        yield unit


def _zh_month(iso: str) -> Iterator[str]:
    yield from (f"n{digit}" for digit in iso[:4])
    yield from ("year", f"month{int(iso[5:7])}")


def _zh_date(iso: str) -> Iterator[str]:
    yield from (f"month{int(iso[5:7])}", f"day{int(iso[8:10])}")


def _zh_full_date(iso: str) -> Iterator[str]:
    yield from (*_zh_month(iso), f"day{int(iso[8:10])}")


def _en_number(n: int) -> Iterator[str]:
    if n < 0:
        yield "minus"
        n = -n
    if not n:
        yield "n0"
    for scale, word in ((10**9, "billion"), (10**6, "million"), (1000, "thousand")):
        high, n = divmod(n, scale)
        if high:
            yield from (*_en_number(high), word)
    hundreds, n = divmod(n, 100)
    if hundreds:
        yield from (f"n{hundreds}", "hundred")
    if n:
        yield f"n{n}"


def _en_money(fen: int) -> Iterator[str]:
    if fen < 0:
        yield "minus"
    yuan, rest = divmod(abs(fen), 100)
    if yuan or not rest:
        yield from (*_en_number(yuan), "yuan")
    if rest:
        yield from (f"n{rest}", "fen")


def _en_data(kilobytes: int) -> Iterator[str]:
    unit, whole, tenth = _volume(kilobytes)
    yield from _en_number(whole)
    if tenth:
        yield from ("point", f"n{tenth}")
    yield f"{unit}byte" if whole == 1 and not tenth else f"{unit}bytes"


def _en_duration(seconds: int) -> Iterator[str]:
    for n, unit in _clock(seconds):
        yield from _en_number(n)
        yield unit if n == 1 else f"{unit}s"


def _en_month(iso: str) -> Iterator[str]:
    yield from (f"month{int(iso[5:7])}", *_en_year(int(iso[:4])))


def _en_date(iso: str) -> Iterator[str]:
    yield from (f"month{int(iso[5:7])}", f"day{int(iso[8:10])}")


def _en_full_date(iso: str) -> Iterator[str]:
    yield from (*_en_date(iso), *_en_year(int(iso[:4])))


def _en_year(year: int) -> Iterator[str]:
    """As a year is said: "two thousand nine", but "twenty twenty-six"."""
    century, rest = divmod(year, 100)
    yield from _en_number(year) if rest < 10 else (f"n{century}", f"n{rest}")


def _volume(kilobytes: int) -> tuple[str, int, int]:
    """A data volume as unit, whole and tenth, rounded half up: KB, from 1 MB on MB, then GB."""
    if 0 < kilobytes < 1024:
        return "kilo", kilobytes, 0
    tenths = (kilobytes * 10 + 512) // 1024
    unit = "mega"
    if tenths >= 10_240:
        unit, tenths = "giga", (kilobytes * 10 + 524_288) // 1_048_576
    return (unit, *divmod(tenths, 10))


def _clock(seconds: int) -> Iterator[tuple[int, str]]:
    """A length of time in the units that are not zero; none at all is zero minutes."""
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    found = [(n, u) for n, u in ((hour, "hour"), (minute, "minute"), (second, "second")) if n]
    yield from found or [(0, "minute")]


_KEYS = {str(n): f"n{n}" for n in range(10)} | {"*": "star", "#": "hash"}


def _digits(text: str) -> Iterator[str]:
    for character in text:
        if character not in _KEYS:
            raise ValueError(f"{character!r} cannot be read as a digit or key")
        yield _KEYS[character]


def _phone(number: str) -> Iterator[str]:
    """The last four digits only: who listens in learns no full number."""
    yield from ("ending", *_digits(number[-4:]))


_Rule = Callable[[Any], Iterator[str]]

_BOTH: dict[str, _Rule] = {values.PHONE: _phone, values.DIGITS: _digits}
_RULES: dict[str, dict[str, _Rule]] = {
    ZH: _BOTH
    | {
        values.MONEY: _zh_money,
        values.NUMBER: _zh_number,
        values.COUNT: _zh_units,  # the measure word is the file's own clip
        values.DATA: _zh_data,
        values.DURATION: _zh_duration,
        values.DATE: _zh_date,
        values.MONTH: _zh_month,
    },
    EN: _BOTH
    | {
        values.MONEY: _en_money,
        values.NUMBER: _en_number,
        values.COUNT: _en_number,
        values.DATA: _en_data,
        values.DURATION: _en_duration,
        values.DATE: _en_date,
        values.MONTH: _en_month,
    },
}

_WITH_YEAR: dict[str, dict[str, _Rule]] = {
    ZH: {values.DATE: _zh_full_date},
    EN: {values.DATE: _en_full_date},
}

SPOKEN = frozenset(_RULES[ZH])
"""The value types that are said in words; the others are clips of the file."""


def words(value: Value, language: str) -> Words:
    """The words of a value, in order.

    A count gives its number; the measure word is a clip of the file.

    >>> [VOCABULARY["zh-CN"][word] for word in words(values.money(5860), "zh-CN")]
    ['五十八', '元', '六', '角']

    Raises ValueError for a language without rules, a type that is not in SPOKEN, and digits that
    are not keys.
    """
    rules = _WITH_YEAR if value.unit == values.YEAR else _RULES
    rule = rules.get(language, {}).get(value.type)
    if rule is None:
        raise ValueError(f"no rule to say a {value.type} in {language}")
    return tuple(rule(value.of))
