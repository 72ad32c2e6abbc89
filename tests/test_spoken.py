"""Values in spoken words: a table per language, and that every word said is in the vocabulary."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialog import values
from dialog.values import Value
from menus.spoken import SPOKEN, VOCABULARY, words

ZH = [
    (values.money(5860), "五十八 元 六 角"),
    (values.money(5806), "五十八 元 零 六 分"),
    (values.money(5866), "五十八 元 六 角 六 分"),
    (values.money(5800), "五十八 元"),
    (values.money(200), "两 元"),
    (values.money(22), "两 角 两 分"),
    (values.money(6), "六 分"),
    (values.money(0), "零 元"),
    (values.money(-1250), "负 十二 元 五 角"),
    (values.money(123_456_00), "十二 万 三 千 四 百 五十六 元"),
    (values.number(0), "零"),
    (values.number(2), "二"),
    (values.number(10), "十"),
    (values.number(105), "一 百 零 五"),
    (values.number(110), "一 百 一十"),
    (values.number(215), "二 百 一十五"),
    (values.number(220), "二 百 二十"),
    (values.number(1005), "一 千 零 五"),
    (values.number(1010), "一 千 零 一十"),
    (values.number(2200), "两 千 二 百"),
    (values.number(10_000), "一 万"),
    (values.number(10_005), "一 万 零 五"),
    (values.number(20_012), "两 万 零 一十二"),
    (values.number(102_000), "十 万 两 千"),
    (values.number(100_020), "十 万 零 二十"),
    (values.number(100_000_005), "一 亿 零 五"),
    (values.number(120_005_000), "一 亿 两 千 万 五 千"),
    (values.number(-7), "负 七"),
    (values.count(2, "message"), "两"),
    (values.count(12, "point"), "十二"),
    (values.data(512), "五 百 一十二 千字节"),
    (values.data(20 * 1024 + 512), "二十 点 五 兆"),
    (values.data(2 * 1024), "两 兆"),
    (values.data(0), "零 兆"),
    (values.data(1_048_575), "一 吉"),
    (values.data(3 * 1_048_576 // 2), "一 点 五 吉"),
    (values.duration(3_725), "一 小时 两 分钟 五 秒"),
    (values.duration(7_200), "两 小时"),
    (values.duration(0), "零 分钟"),
    (values.date("2026-11-21"), "十一月 二十一日"),
    (values.date("2026-11-21", year=True), "二 零 二 六 年 十一月 二十一日"),
    (values.month("2009-01"), "二 零 零 九 年 一月"),
    (values.phone("13800138000"), "尾号 八 零 零 零"),
    (values.digits("10*#"), "一 零 星号键 井号键"),
]
EN = [
    (values.money(5860), "fifty-eight yuan sixty fen"),
    (values.money(0), "zero yuan"),
    (values.money(6), "six fen"),
    (values.money(-1250), "minus twelve yuan fifty fen"),
    (values.number(0), "zero"),
    (values.number(105), "one hundred five"),
    (values.number(12_000), "twelve thousand"),
    (
        values.number(1_234_567),
        "one million two hundred thirty-four thousand five hundred sixty-seven",
    ),
    (values.number(10**9), "one billion"),
    (values.count(2, "message"), "two"),
    (values.data(1), "one kilobyte"),
    (values.data(20 * 1024 + 512), "twenty point five megabytes"),
    (values.data(1024), "one megabyte"),
    (values.data(2 * 1_048_576), "two gigabytes"),
    (values.duration(3_725), "one hour two minutes five seconds"),
    (values.date("2026-11-21"), "November twenty-first"),
    (values.date("2026-11-21", year=True), "November twenty-first twenty twenty-six"),
    (values.date("2009-01-30", year=True), "January thirtieth two thousand nine"),
    (values.month("2026-12"), "December twenty twenty-six"),
    (values.phone("13800138000"), "ending in eight zero zero zero"),
    (values.digits("1*#"), "one star pound"),
]
TABLE = [("zh-CN", *row) for row in ZH] + [("en", *row) for row in EN]

VALUES = {
    values.MONEY: st.integers(-(10**12), 10**12),
    values.NUMBER: st.integers(-(10**13), 10**13),
    values.COUNT: st.integers(0, 10**9),
    values.DATA: st.integers(0, 10**12),
    values.DURATION: st.integers(0, 10**8),
    values.DATE: st.dates().map(str),
    values.MONTH: st.dates().map(lambda day: str(day)[:7]),
    values.PHONE: st.from_regex(r"[0-9]{4,15}", fullmatch=True),
    values.DIGITS: st.from_regex(r"[0-9*#]{1,30}", fullmatch=True),
}


@pytest.mark.parametrize(("language", "value", "spoken"), TABLE)
def test_said_as_a_person_says_it(language: str, value: Value, spoken: str) -> None:
    """Each value is said in the words that a speaker of the language would use."""
    said = " ".join(VOCABULARY[language][word] for word in words(value, language))
    assert said == spoken


@pytest.mark.parametrize("language", sorted(VOCABULARY))
def test_every_type_has_a_strategy(language: str) -> None:
    """The generated test below covers every type that is said in words."""
    assert set(VALUES) == SPOKEN


@given(data=st.data(), language=st.sampled_from(sorted(VOCABULARY)))
def test_every_word_is_in_the_vocabulary(data: st.DataObject, language: str) -> None:
    """Whatever the value, every part of it has a recorded word, and it is never silence."""
    kind = data.draw(st.sampled_from(sorted(VALUES)))
    unit = data.draw(st.sampled_from(["", values.YEAR])) if kind == values.DATE else ""
    said = words(Value(kind, data.draw(VALUES[kind]), unit), language)
    assert said
    assert set(said) <= set(VOCABULARY[language])


@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_two_numbers_never_sound_alike(one: int, other: int) -> None:
    """In both languages, different numbers are different words."""
    for language in VOCABULARY:
        alike = words(values.number(one), language) == words(values.number(other), language)
        assert alike == (one == other)


@pytest.mark.parametrize(
    ("value", "language"),
    [(values.name("gprs"), "en"), (values.number(1), "fr"), (values.digits("1A"), "en")],
)
def test_what_has_no_words_is_an_error(value: Value, language: str) -> None:
    """A type, language or character without words raises ValueError, never silence."""
    with pytest.raises(ValueError, match=r"no rule|cannot be read"):
        words(value, language)
