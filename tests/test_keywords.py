"""Texted commands: normalising, matching, sealing, masking."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialog.events import Profile
from menus.filters import both, overlap
from menus.keywords import Barred, Index, Match, Several, TooMany, Unsure, masked, normalise
from menus.model import Action, BookUse, Code, Field, Filter, Place, Tries

HERE = Place("test", 1)
ANYBODY = Filter()
GOTONE = Profile("s1", operator="cmcc", brand="gotone", province="zj", tier="gold", roaming="home")
EASYOWN = GOTONE._replace(brand="easyown")


def code(
    book: str, *spellings: str, node: str = "x", params: str = "", rule: Filter | None = None
) -> Code:
    """A row of a book."""
    return Code(book, spellings, node, {}, tuple(params.split()), HERE, rule)


def action(id_: str, **types: str) -> Action:
    """A node with fields of these types."""
    return Action(
        id=id_, kind="action", place=HERE, reserved={}, tries=Tries(3, (), ()), filter=None,
        constants=(), next="", does="query", name=id_,
        fields=tuple(Field(name, type_, "", HERE) for name, type_ in types.items()),
        password="never", confirm="", answers={}, on={}, subject=True, slow="",
    )  # fmt: skip


NODES = {
    "bill": action("bill", month="month"),
    "password": action("password", old="password", new="new_password"),
    "identity": action("identity", identity="identity"),
    "mixed": action("mixed", number="phone", password="password"),
}
CODES = {
    "t5": (
        code("t5", "101", "CXHF", "CXYE", node="balance"),
        code("t5", "103", "CXZD", node="bill", params="month"),
        code("t5", "3032", "KTSJLL#5", node="five"),
        code("t5", "3034", "KTSJLL#50", node="fifty"),
        code("t5", "满3送3", node="gift"),
        code("t5", "BGMM", node="password", params="old new"),
        code("t5", "SQMM", node="identity", params="identity"),
        code("t5", "ACT", node="mixed", params="number password"),
    ),
    "t3": (
        code("t3", "HF", node="charges"),
        code("t3", "HF", node="past", params="month"),
        code("t3", "CXZD", node="reminder"),
    ),
}
USES = (
    BookUse("t3", Filter(brand=frozenset(("gotone",)))),
    BookUse("t5", Filter(called=frozenset(("10086",)))),
)
INDEX = Index(USES, CODES, NODES)


def match(
    text: str, profile: Profile | None = EASYOWN, called: str = "10086"
) -> Match | TooMany | Barred | Unsure | None:
    """What the test books make of a text."""
    return INDEX.match(text, called=called, profile=profile, at_ms=1_700_000_000_000)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("CXYE", "CXYE"),
        (" cxye\r\n", "CXYE"),
        ("ＣＸＹＥ", "CXYE"),
        ("cxzd　０９１０", "CXZD#0910"),
        ("CXZD＃0910", "CXZD#0910"),
        ("CXZD＊0910", "CXZD#0910"),
        ("GS＋13800138000", "GS#13800138000"),
        ("KTSJLL  #  5", "KTSJLL#5"),
        ("a\u200bb\ufeff", "AB"),
        ("*301#", "301"),
        ("CXYE#", "CXYE"),
        ("*", "*"),
        ("＃", "#"),
        ("***", "*"),
        ("CXYE.+", "CXYE"),
        ("", ""),
        (" \n", ""),
        ("满３送３", "满3送3"),
        ("101，102", "101#102"),
        ("103：0910", "103#0910"),
        ("【CXYE】", "CXYE"),
        ("（cxye）", "CXYE"),
        ("「101」", "101"),
        ("CXYE发送到10086", "CXYE"),
        ("CXYE发10086发10086", "CXYE"),
        ("CXYE、CXJF；CXZD。", "CXYE#CXJF#CXZD"),
        ("58.60", "58.60"),
        ("SQMM*11010119900307002*", "SQMM#11010119900307002X"),
        ("sqmm 11010119900307002x", "SQMM#11010119900307002X"),
        ("bgmm#~ABC234~#~QQ==~!too_short", "BGMM#~ABC234~#~QQ==~!too_short"),
    ],
)
def test_normalise(text: str, normal: str) -> None:
    """Case, width, separators and blanks at the ends make no difference; seals stay whole."""
    assert normalise(text) == normal


@given(st.text())
def test_normalise_is_stable(text: str) -> None:
    """A normalised text is its own normal form, whatever was texted."""
    once = normalise(text)
    assert normalise(once) == once


@pytest.mark.parametrize(
    ("text", "node", "spelling", "params"),
    [
        ("CXYE", "balance", "CXYE", ()),
        ("ｃｘｙｅ", "balance", "CXYE", ()),
        ("101", "balance", "101", ()),
        ("CXZD", "bill", "CXZD", ()),
        ("CXZD#0910", "bill", "CXZD", ("0910",)),
        ("cxzd 0910", "bill", "CXZD", ("0910",)),
        ("103*0910", "bill", "103", ("0910",)),
        ("KTSJLL#5", "five", "KTSJLL#5", ()),
        ("ktsjll*5", "five", "KTSJLL#5", ()),
        ("ktsjll 50", "fifty", "KTSJLL#50", ()),
        ("BGMM#111111#222222", "password", "BGMM", ("111111", "222222")),
        ("BGMM 111111", "password", "BGMM", ("111111",)),
        ("满3送3", "gift", "满3送3", ()),
    ],
)
def test_match(text: str, node: str, spelling: str, params: tuple[str, ...]) -> None:
    """A complete spelling matches with what stands behind it, in order."""
    found = match(text)
    assert isinstance(found, Match)
    assert (found.code.node, found.spelling, found.params) == (node, spelling, params)


@pytest.mark.parametrize(
    "text", ["", "#", "CX", "CXY", "CXYEX", "CXZD0910", "KTSJLL", "1", "10", "1011", "KTSJLL#500"]
)
def test_no_guess_from_a_beginning(text: str) -> None:
    """What merely begins like a code, or runs on after it, is no match."""
    assert match(text) is None


@pytest.mark.parametrize(
    ("text", "spelling"),
    [
        ("CXYE#1", "CXYE"),
        ("KTSJLL#5#3", "KTSJLL#5"),
        ("CXZD#0910#1", "CXZD"),
        ("BGMM 1 2 3", "BGMM"),
    ],
)
def test_too_many_parameters(text: str, spelling: str) -> None:
    """A code with more behind it than it takes is told apart from no code."""
    found = match(text)
    assert isinstance(found, TooMany)
    assert found.spelling == spelling


def test_the_first_book_that_takes_it_wins() -> None:
    """Books are tried in order, each for those whom it is meant for."""
    assert getattr(match("CXZD", GOTONE), "code", None) is CODES["t3"][2]
    assert getattr(match("CXZD", EASYOWN), "code", None) is CODES["t5"][1]
    # the reminder takes no month, the bill does
    assert getattr(match("CXZD#0910", GOTONE), "code", None) is CODES["t5"][1]


def test_the_number_of_parameters_tells_codes_of_one_spelling_apart() -> None:
    """HF is the charges so far, HF with a month a past bill."""
    assert getattr(match("HF", GOTONE), "code", None) is CODES["t3"][0]
    assert getattr(match("HF#0910", GOTONE), "code", None) is CODES["t3"][1]


def test_filters_of_books_and_rows() -> None:
    """A wrong brand is told so; another shortcode and a past offer match nothing."""
    assert match("HF", EASYOWN) == Barred(CODES["t3"][0], "HF", (USES[0].filter,) * 2)
    assert match("CXYE", None) is not None
    assert match("CXYE", called="10010") is None
    past = Filter(valid_from=1000, valid_to=2000)
    index = Index([BookUse("b", ANYBODY)], {"b": (code("b", "OLD", rule=past),)}, {})
    texted = [
        index.match("OLD", called="1", profile=None, at_ms=at) for at in (999, 1000, 1999, 2000)
    ]
    assert [found is not None for found in texted] == [False, True, True, False]


def test_nobody_known_is_not_nobody_entitled() -> None:
    """Without a profile a code that is for some is neither taken nor called unknown."""
    found = match("HF#0910", None)
    assert isinstance(found, Unsure)
    assert (found.code.book, found.spelling) == ("t3", "HF")
    assert match("HF", None, "10010") == found._replace(code=CODES["t3"][0])
    assert match("NONE", None) is None


def test_a_row_takes_any_text() -> None:
    """What spells nothing goes whole to the row that takes any text, a spelling before it."""
    note = Field("note", "phone", "", HERE)
    books = {"b": (code("b", "ON", node="on"), code("b", node="note", params="note"))}
    index = Index(
        [BookUse("b", ANYBODY)], books, {"note": action("note", **{note.name: note.type})}
    )
    found = {
        text: index.match(text, called="1", profile=None, at_ms=0)
        for text in (" on ", " 你好, 10086 ", "")
    }
    assert [
        (m.code.node, m.spelling, m.params) for m in found.values() if isinstance(m, Match)
    ] == [
        ("on", "ON", ()),
        ("note", "*", ("你好, 10086",)),
        ("note", "*", ("",)),
    ]


def test_a_long_text_costs_no_more_than_its_length() -> None:
    """Thousands of separators are split once, and match nothing."""
    assert match("1 " * 50_000) is None


def sealed(text: str, profile: Profile | None = EASYOWN, called: str = "10086") -> str:
    """The text with each secret replaced by its field type."""
    return INDEX.seal(
        text, called=called, profile=profile, at_ms=0, seal=lambda _, kind: f"<{kind}>"
    )


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("cxzd 0910", "cxzd 0910"),
        ("hello 13800138000", "hello 13800138000"),
        ("BGMM", "BGMM"),
        ("bgmm 111111 222222", "BGMM#<password>#<new_password>"),
        ("ＢＧＭＭ＃１１１１１１＃２２２２２２", "BGMM#<password>#<new_password>"),
        ("BGMM#1", "BGMM#<password>"),
        ("ACT 13800138000 123456", "ACT#13800138000#<password>"),
        ("SQMM 110101 19900307 0023", "SQMM#<>#<>#<>"),
        ("SQMM*11010119900307002*", "SQMM#<identity>"),
        ("BGMM#~ABC234~#222222", "BGMM#~ABC234~#<new_password>"),
    ],
)
def test_seal(text: str, kept: str) -> None:
    """Secrets are sealed, also when they are too many; nothing else of a text changes."""
    assert sealed(text) == kept


def test_seal_looks_past_filters() -> None:
    """A code that the subscriber may not use still gives its secrets away."""
    assert sealed("BGMM#111111#222222", None, "10010") == "BGMM#<password>#<new_password>"


def test_sealed_text_matches() -> None:
    """A sealed parameter is one parameter, its fault included."""
    found = match("BGMM#~ABC234~#~QQ==~!weak")
    assert isinstance(found, Match)
    assert found.params == ("~ABC234~", "~QQ==~!weak")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("BGM 111111 222", "BGM ****** 222"),
        ("１２３４５", "*****"),
        ("密码是1234", "密码是****"),
        ("BGM#~ABC234~!weak#1", "BGM#[secret]#1"),
        ("~A2345~1234", "[secret]****"),
        ("123 456", "123 456"),
    ],
)
def test_masked(text: str, kept: str) -> None:
    """Digit runs of four and more are starred, seals named, the rest stays legible."""
    assert masked(text) == kept


def test_overlap_and_both() -> None:
    """Two rules meet where every part of both lets somebody pass."""
    gotone, easyown = Filter(brand=frozenset(("gotone",))), Filter(brand=frozenset(("easyown",)))
    gold = Filter(tier=frozenset(("gold",)), valid_from=10)
    assert not overlap(gotone, easyown)
    assert both(gotone, easyown) is None
    assert overlap(gotone, gold)
    assert both(gotone, gold) == Filter(
        brand=frozenset(("gotone",)), tier=frozenset(("gold",)), valid_from=10
    )
    assert not overlap(Filter(valid_to=10), Filter(valid_from=10))
    assert overlap(ANYBODY, ANYBODY)


@pytest.mark.parametrize(
    ("text", "spelling"),
    [
        ("发送cxhf到10086", "CXHF"),
        ("请发“CXHF”至10086。", "CXHF"),
        ("编辑短信CXHF发送到10086", "CXHF"),
        ("CXHF 谢谢", "CXHF"),
        ("101\n发自我的手机", "101"),
    ],
)
def test_what_people_send_around_a_code(text: str, spelling: str) -> None:
    """A leaflet's words, thanks and a signature change nothing."""
    found = match(text)
    assert isinstance(found, Match)
    assert (found.spelling, found.params) == (spelling, ())


@pytest.mark.parametrize("text", ["CXHF 101", "101\nCXZD 0910", "CXHF CXHF"])
def test_two_codes_are_none(text: str) -> None:
    """Neither of two codes is run."""
    assert isinstance(match(text), Several)


def suggest(text: str, profile: Profile | None = EASYOWN) -> tuple[str, ...]:
    """What the test books think that a text may have meant."""
    return INDEX.suggest(text, called="10086", profile=profile, at_ms=1_700_000_000_000)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("CXFH", ("CXHF",)),  # swapped
        ("CXH", ("CXHF",)),  # one missing
        ("CXHFF", ("CXHF",)),  # one too many
        ("1O1", ("101",)),  # O for 0
        ("l03", ("103",)),  # l for 1
        ("CX HF", ("CXHF",)),  # apart
        ("c x y e", ("CXYE",)),
        ("105", ()),  # a number is not taken for its neighbour
        ("你好你好", ()),
        ("X", ()),
        ("HFF", ()),  # HF is another brand's
    ],
)
def test_near_misses(text: str, meant: tuple[str, ...]) -> None:
    """Swapped, wrong, missing letters and look-alikes; numbers and others' codes never."""
    assert suggest(text) == meant


def test_at_most_three_suggestions() -> None:
    """The nearest ones, and no more than three."""
    found = Index(
        (BookUse("b", Filter()),), {"b": (code("b", "ABCD", "ABCE", "ABCF", "ABCG", node="bill"),)},
        NODES,
    ).suggest("ABCX", called="", profile=None, at_ms=0)  # fmt: skip
    assert found == ("ABCD", "ABCE", "ABCF")
