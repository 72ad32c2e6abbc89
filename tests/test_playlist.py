"""Texts and values as clips: the order, the kinds of value, and that clips() has every one."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_model import make_texts, small_model

from dialog import values
from dialog.turn import Say
from dialog.values import Value
from ivr.playlist import playlist
from menus.clips import clips
from menus.model import Model
from menus.template import parse

MODEL = small_model()
HEARD = {clip.path: clip.text for clip in clips(MODEL)}
LABEL = values.text("label")


def heard(model: Model, language: str, *says: Say) -> list[str]:
    """What the clips of these texts speak."""
    return [HEARD[path] for path in playlist(model, language, says)]


def test_texts_and_values_in_order() -> None:
    """Literal segments and values alternate as the template has them; silence has no clip."""
    day = values.date("2026-11-21", year=True)
    says = (Say("welcome"), Say("balance_is", {"balance": values.money(5860), "day": day}))
    assert heard(MODEL, "zh-CN", *says) == [
        "您好", "您的余额为", "五十八", "元", "六", "角", "，截至",
        "二", "零", "二", "六", "年", "十一月", "二十一日",
    ]  # fmt: skip


def test_a_choice_is_said_function_before_key() -> None:
    """A label stands in place inside the file's choice wording."""
    says = Say("choice", {"label": LABEL, "key": values.digits("1")})
    assert heard(MODEL, "zh-CN", says) == ["查余额", "，请按", "一"]


@pytest.mark.parametrize(
    ("value", "spoken"),
    [
        (values.name("gprs"), ["上网"]),
        (values.place("gprs"), ["上网"]),
        (values.count(2, "day"), ["两", "天"]),
        (values.rows([(values.name("gprs"), values.money(500))] * 5), ["上网", "五", "元"] * 3),
        (values.rows([]), []),
    ],
)
def test_values_that_need_the_files_own_clips(value: Value, spoken: list[str]) -> None:
    """Names, counts and lists are said with the file's clips; a list stops after three rows."""
    says = Say("choice", {"label": value, "key": values.digits("#")})
    assert heard(MODEL, "zh-CN", says) == [*spoken, "，请按", "井号键"]


@given(st.sampled_from(["zh-CN", "en"]), st.integers(-(10**9), 10**9), st.dates(), st.booleans())
def test_every_clip_that_is_played_is_one_that_is_built(
    language: str, fen: int, day: object, year: bool
) -> None:
    """Nothing is ever played that clips() does not list for the studio."""
    date = values.date(str(day), year=year)
    says = Say("balance_is", {"balance": values.money(fen), "day": date})
    assert set(playlist(MODEL, language, (says,))) <= set(HEARD)


def test_versions_do_not_mix() -> None:
    """Two versions with one text worded differently each play their own clip, alternately."""
    other = dataclasses.replace(
        MODEL, digest="d2", texts={**MODEL.texts, **make_texts(welcome="欢迎致电")}
    )
    for _ in range(2):
        assert playlist(MODEL, "zh-CN", (Say("welcome"),)) != playlist(
            other, "zh-CN", (Say("welcome"),)
        )


def test_many_versions_leave_the_newest_in_memory() -> None:
    """The cache is bounded, and a version that fell out of it still plays."""
    first = playlist(MODEL, "zh-CN", (Say("welcome"),))
    for n in range(30):
        playlist(dataclasses.replace(MODEL, digest=f"v{n}"), "zh-CN", (Say("welcome"),))
    assert playlist(MODEL, "zh-CN", (Say("welcome"),)) == first


@pytest.mark.parametrize(
    ("say", "error"),
    [
        (Say("no_such_text"), KeyError),
        (Say("balance_is"), KeyError),
        (Say("choice", {"label": values.name("no_such"), "key": LABEL}), KeyError),
        (Say("choice", {"label": LABEL, "key": values.digits("A")}), ValueError),
    ],
)
def test_what_cannot_be_said_is_an_error(say: Say, error: type[Exception]) -> None:
    """A text, value or name that is missing raises instead of leaving a silent gap."""
    with pytest.raises(error):
        playlist(MODEL, "zh-CN", (say,))


def test_punctuation_between_values_is_silent() -> None:
    """A segment without a letter or digit has no clip, in the list and on the line."""
    text = dataclasses.replace(MODEL.texts["welcome"], voice={"zh-CN": parse("{a}、{b}。")})
    model = dataclasses.replace(MODEL, digest="d3", texts={**MODEL.texts, "welcome": text})
    says = Say("welcome", {"a": values.number(1), "b": values.number(2)})
    assert heard(model, "zh-CN", says) == ["一", "二"]
