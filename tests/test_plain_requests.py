"""Plain requests: what people write who know no code, and the words of courtesy round it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sms_codes_case import Hall, Texter, made_hall, province, site, somebody

from dialog.events import Profile
from menus.courtesy import Courtesy
from menus.keywords import Match, Nameless, TooMany, Unsure, normalise
from menus.model import Action, Code, Menu
from menus.named import ANY_SERVICE

PERSON = somebody(lambda person: person.brand == "easyown" and province(person) == "beijing")
ZHEJIANG = somebody(lambda person: province(person) == "zhejiang" and person.brand == "easyown")
CODES = tuple(code for code in site().codes["plain"] if ANY_SERVICE not in code.constants.values())


@pytest.fixture(scope="module")
def hall() -> Iterator[Hall]:
    """One house for all of them: none of the texts changes anything."""
    made = made_hall()
    yield made
    made.close()


def leaf_of(code: Code) -> str:
    """The leaf that a row leads to."""
    return "/".join((code.node, *code.constants.values()))


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.spellings[0])
def test_a_row_of_plain_requests(code: Code, hall: Hall) -> None:
    """Each spelling leads to its leaf: a query is answered, an order quoted and not run."""
    node = site().nodes[code.node]
    for spelling in code.spellings:
        texter = Texter(hall, site(), PERSON.number)
        answer = texter.text(spelling)
        closed = [(leaf, result) for leaf, result in answer.closed if leaf == leaf_of(code)]
        assert len(closed) == len(answer.closed), spelling
        if isinstance(node, Menu):
            assert node.intro in answer.texts
        elif isinstance(node, Action) and node.does == "order":
            assert not {result for _, result in closed} & {"succeeded", "accepted"}, spelling
        asked = texter.session.wait[:1] == ("Collect",) if texter.session else False
        assert closed or asked, spelling


def match(text: str) -> Match | TooMany | Nameless | Unsure | None:
    """What the shipped books make of a text."""
    profile = Profile("s1", operator="cmcc", brand="easyown", province="beijing", roaming="home")
    found: Match | TooMany | Nameless | Unsure | None = site().index.match(
        text, called="10086", profile=profile, at_ms=1_700_000_000_000
    )
    return found


@pytest.mark.parametrize(
    ("text", "leaf", "params"),
    [
        ("查话费", "balance", ()),
        ("帮我查话费", "balance", ()),
        ("请问我的话费还剩多少？", "balance", ()),
        ("我想查询一下话费", "balance", ()),
        ("余额", "balance", ()),
        ("你好，查一下流量，谢谢！", "data_usage", ()),
        ("流量怎么查", "data_usage", ()),
        ("开通来电显示", "enable/caller_id", ()),
        ("我想开通来电显示业务", "enable/caller_id", ()),
        ("怎么取消彩铃", "disable/ringback", ()),
        ("我要取消彩铃", "disable/ringback", ()),
        ("取消彩铃怎么弄", "disable/ringback", ()),
        ("How do I cancel ringback?", "disable/ringback", ()),
        ("please check my balance", "balance", ()),
        ("查账单 0910", "bill", ("0910",)),
        ("查 CXYE", "balance", ()),
        ("CXYE?", "balance", ()),
        ("我要改密码 111111 222222", "change_password", ("111111", "222222")),
    ],
)
def test_words_of_courtesy(text: str, leaf: str, params: tuple[str, ...]) -> None:
    """What stands round a request makes no difference to it."""
    found = match(text)
    assert isinstance(found, Match)
    assert (leaf_of(found.code), found.params) == (leaf, params)


@pytest.mark.parametrize(
    "text",
    [
        "不要取消彩铃",
        "别取消彩铃",
        "彩铃不要取消",
        "彩铃别取消",
        "彩铃取消了吗",
        "彩玲怎么取消",
        "我要1",
        "请发2",
        "彩玲",
        "话费太贵",
        "怎么",
        "谢谢",
        "TD彩玲",
    ],
)
def test_nothing_is_guessed(text: str) -> None:
    """A no before it, a wrong or missing character, a bare digit: that is no request."""
    assert match(text) is None


@pytest.mark.parametrize(
    ("text", "service"),
    [
        ("退订彩铃", "ringback"),
        ("退订 彩铃", "ringback"),
        ("TD彩铃", "ringback"),
        ("td*彩铃", "ringback"),
        ("T 彩铃", "ringback"),
        ("取消手机QQ", "mobile_qq"),
        ("帮我取消手机qq业务，谢谢", "mobile_qq"),
        ("关闭移动数据流量套餐", "gprs"),
        ("退订移动数据流量5元套餐", "gprs_5"),
        ("彩铃取消", "ringback"),
        ("把彩铃取消吧", "ringback"),
        ("彩铃业务怎么取消？", "ringback"),
        ("夜话畅聊怎么取消", "night_talk"),
        ("手机QQ，如何退订", "mobile_qq"),
        ("cancel  Mobile QQ", "mobile_qq"),
        ("Unsubscribe ringback tone please", "ringback"),
    ],
)
def test_a_service_is_cancelled_by_its_name(text: str, service: str) -> None:
    """Any separator or none, in either language, with courtesy round it."""
    found = match(text)
    assert isinstance(found, Match)
    assert leaf_of(found.code) == f"disable/{service}"
    assert found.params == ()


@pytest.mark.parametrize(
    "text",
    ["退订彩玲", "退订 彩玲", "请取消彩", "TD 彩玲", "退订每日一笑", "取消M计划短信包", "关闭"],
)
def test_a_name_that_is_none(text: str) -> None:
    """What can't be cancelled by that name is told so; a name in part is none."""
    assert isinstance(match(text), Nameless) is (text != "关闭")


def test_names_are_told_apart() -> None:
    """No two services that can be ordered or cancelled have one name."""
    model = site()
    for node in ("enable", "disable"):
        names = [
            normalise(wording)
            for service in model.index.services[node]
            for wording in model.names[service].values()
        ]
        assert len(set(names)) == len(names), node


def test_a_printed_code_goes_before_a_plain_request(hall: Hall) -> None:
    """What a leaflet prints (取消满3送3) is the leaflet's code still."""
    profile = hall.bss.profile(ZHEJIANG.number)
    found = site().index.match("请取消满3送3", called="10086", profile=profile, at_ms=hall.clock())
    assert isinstance(found, Match)
    assert found.code.book == "t2"


def test_a_secret_behind_courtesy_is_sealed() -> None:
    """A password that is texted with 请帮我改密码 is sealed like any other."""
    text = site().index.seal(
        "请帮我改密码 111111 246810",
        called="10086",
        profile=None,
        at_ms=0,
        seal=lambda secret, _: f"~{len(secret)}~",
    )
    assert text == "改密码#~6~#~6~"


WORDS = st.sampled_from(
    ("请", "帮我", "查", "CHECK", "MY", "谢谢", "?", "彩铃", "CXYE", "1", "#", ",", "我")
)


@given(st.lists(WORDS, max_size=9).map("".join))
@example("请" * 2000)
def test_peeling_only_takes_off(text: str) -> None:
    """First the text itself; then a part of it, shorter, never empty, never bare digits."""
    plain = normalise(text)
    words = Courtesy(("请", "帮我", "查", "CHECK", "MY", "我"), ("谢谢", "?"))
    first, *peeled = words.readings(plain)
    assert first == plain
    for less in peeled:
        assert less in plain
        assert less
        assert len(less) < len(plain)
        assert not less.isdigit()
