"""Every choice, keyword, leaf and text of the shipped site is walked by a transcript.

The codes of the printed tables are hundreds and all alike: tests/test_sms_codes.py texts each of
their spellings, from the tables themselves, and checks in the BSS what came of it. That walk counts
here for the books of WALKED; t5, which the calls share, has transcripts as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest
from transcript_file import Case, cases
from transcript_site import ROOT

from dialog.fields import TYPES
from dialog.outcomes import FAILED, OUTCOMES, REASONS, REFUSED, UNTEXTED, UNVOICED
from menus.clips import heard
from menus.keywords import Match
from menus.loader import load
from menus.model import Action, Code, Form, Menu, Message, Model, TransferNode
from menus.paths import paths
from menus.uses import leaves

VOICE, TEXT, NOTICE = "voice", "text", "notice"

WORDS_OF_CALLS = {
    *("welcome", "goodbye", "choice", "agent_label", "repeat_label", "back_label", "slow"),
    *("ask_number", "ask_number_again", "ask_password", "ask_password_again", "confirm_again"),
    *("confirm_no_input", "confirmed_late", "more_by_sms", "step_limit"),
}
WORDS_OF_TEXTS = {
    *("choice", "ask_password", "ask_password_again", "confirm_again", "help", "stopped"),
    *("confirmed_late", "step_limit", "list_hint", "did_you_mean", "one_at_a_time", "order_void"),
    *("started", "for_others"),
}

WALKED = {"t2", "t3", "t4", "t6a", "t6b", "plain"}
"""The books whose every row tests/test_sms_codes.py and tests/test_plain_requests.py walk."""

EXEMPT = {
    (TEXT, "ask_month"): "a texted month is optional, so that nobody is asked for it",
    (TEXT, "ask_month_again"): "a texted month that is wrong is the first try already",
    (VOICE, "confirmed_late"): "the shipped windows bind texts only",
    (TEXT, "ask_feedback"): "who sends an empty text is told so; nobody else is asked",
    (VOICE, "no_such_service"): "a name that is none is texted",
    (TEXT, "welcome_unicom"): "only who calls is welcomed",
    (VOICE, "about_service"): "each service of the calls is described; this is the next one's",
    (NOTICE, "receipt_enabled"): "each service has a receipt of its own; this is the next one's",
}
"""(channel or NOTICE, text) that nobody can be told there, and why."""


@cache
def site() -> Model:
    """The shipped site's model."""
    model, findings = load(ROOT)
    assert model is not None, findings
    return model


@cache
def walked() -> tuple[Case, ...]:
    """All transcripts."""
    return cases()


def turns(case: Case) -> Iterator[tuple[tuple[str, ...], str]]:
    """What was said, and the input that answered it."""
    later = 0 if case.dialogue.channel == VOICE else 1
    yield from zip(case.said, case.dialogue.inputs[later:], strict=False)


def menu_said(model: Model, turn: tuple[str, ...]) -> Menu | None:
    """The menu that a turn ends with."""
    by_intro = {node.intro: node for node in model.nodes.values() if isinstance(node, Menu)}
    rest = [line for line in turn if line != model.words["list_hint"]]
    announced = len(rest) > 1 and rest[-1].startswith(f"{model.words['choice']} ")
    return by_intro.get(rest[-2]) if announced else None


def said(channel: str) -> set[str]:
    """The ids of all texts said in a channel's transcripts, labels of choices among them."""
    found = set()
    for case in walked():
        if case.dialogue.channel != channel:
            continue
        for line in (line for turn in case.said for line in turn):
            text, *values = line.split(" ")
            found |= {text, *(value.partition("=")[2] for value in values)}
    return found | (sent(TEXT) if channel == TEXT else set())


def sent(channel: str) -> set[str]:
    """The ids of all texts sent beside a channel's dialogues."""
    found = (case for case in walked() if case.dialogue.channel == channel)
    return {note.split(" ")[1] for case in found for note in case.notices}


def listed(model: Model) -> set[str]:
    """The menus that a text can be answered with."""
    found: set[str] = set()
    new = {code.node for codes in model.codes.values() for code in codes}
    while new:
        found |= new
        new = {
            choice.to
            for node in map(model.nodes.__getitem__, new)
            if isinstance(node, Menu)
            for choice in node.choices
        } - found
    return {node for node in found if isinstance(model.nodes[node], Menu)}


def test_every_key_of_every_menu_is_pressed() -> None:
    """Each choice and each reserved key of each menu, in a call."""
    model = site()
    pressed = {
        (menu.id, key)
        for case in walked()
        if case.dialogue.channel == VOICE
        for turn, key in turns(case)
        if (menu := menu_said(model, turn)) is not None
    }
    wanted = {
        (node.id, key)
        for node in heard(model)
        if isinstance(node, Menu)
        for key in (*(choice.key for choice in node.choices), *node.reserved)
    }
    assert sorted(wanted - pressed) == []


def test_every_listed_menu_is_answered() -> None:
    """Each menu that a text is answered with gets an answering number."""
    model = site()
    answered = {
        menu.id
        for case in walked()
        if case.dialogue.channel == TEXT
        for turn, text in turns(case)
        if (menu := menu_said(model, turn)) and text in {choice.key for choice in menu.choices}
    }
    assert sorted(listed(model) - answered) == []


def test_every_spelling_is_texted() -> None:
    """Each spelling of each code in use reaches its leaf or its list."""
    model = site()
    texted = {
        spelling
        for case in walked()
        if case.dialogue.channel == TEXT
        for turn, text in zip(case.said, case.dialogue.inputs, strict=True)
        if (spelling := spelled(model, case, turn, text))
    }
    wanted = {s for code in own_codes(model) for s in code.spellings}
    assert sorted(wanted - texted) == []


def own_codes(model: Model) -> Iterator[Code]:
    """The codes that need transcripts."""
    for book, codes in model.codes.items():
        if book not in WALKED:
            yield from codes


def spelled(model: Model, case: Case, turn: tuple[str, ...], text: str) -> str:
    """The spelling that a text was taken by, if the transcript shows that it led there."""
    found = model.index.match(text, called=case.dialogue.called, profile=None, at_ms=0)
    if not isinstance(found, Match):
        return ""
    menu = menu_said(model, turn)
    led = menu.id == found.code.node if menu else leaf_of(found.code) in dict(case.requests)
    return found.spelling if led else ""


def leaf_of(code: Code) -> str:
    """The leaf that a code leads to."""
    return "/".join((code.node, *code.constants.values()))


@pytest.mark.parametrize("channel", [VOICE, TEXT])
def test_every_leaf_succeeds_in_both_channels(channel: str) -> None:
    """Each leaf is reached by key and by text and ends well in both."""
    model = site()
    ended_well = {
        leaf
        for case in walked()
        if case.dialogue.channel == channel
        for leaf, result in case.requests
        if result in ("succeeded", "accepted")
    }
    keyed, by_text = paths(model).keys(), {code.node for code in own_codes(model)}
    own = keyed | {leaf_of(code) for code in own_codes(model)}
    wanted = {
        named
        for node, found in leaves(model).items()
        for leaf in found
        if isinstance(model.nodes[node], Action)
        and (named := "/".join(filter(None, (node, leaf)))) in own
        and (named in keyed if channel == VOICE else node in by_text)
    }
    assert sorted(wanted - ended_well) == []


@pytest.mark.parametrize("channel", [VOICE, TEXT])
def test_every_outcome_closes_a_request(channel: str) -> None:
    """Each outcome, and each reason that a channel can meet, ends a request of it."""
    ended = {
        result
        for case in walked()
        if case.dialogue.channel == channel
        for _, result in case.requests
    }
    only_texted = {"unknown_command", "expired", "unanswerable"}
    never = only_texted if channel == VOICE else UNTEXTED - {"abandoned", "interrupted"}
    wanted = {*OUTCOMES, *REASONS} - {FAILED, REFUSED} - never
    assert sorted(wanted - ended) == []


@pytest.mark.parametrize("channel", [VOICE, TEXT])
def test_every_text_is_said(channel: str) -> None:
    """Each text is said in each channel that can say it: outcomes, faults, answers, questions."""
    model = site()
    wanted = {text for text in sayable(model, channel) if (channel, text) not in EXEMPT}
    assert sorted(wanted - said(channel)) == []


def test_every_receipt_is_sent() -> None:
    """Each receipt goes out after a call."""
    wanted = {text for text in receipts(site()) if (NOTICE, text) not in EXEMPT}
    assert sorted(wanted - sent(VOICE)) == []


def test_every_text_of_the_file_belongs_somewhere() -> None:
    """No text escapes the tests above."""
    model = site()
    known = {*sayable(model, VOICE), *sayable(model, TEXT), *receipts(model)}
    assert sorted(model.texts.keys() - known) == []


def test_exemptions_are_needed() -> None:
    """What a transcript walks after all is no exemption."""
    heard = {VOICE: said(VOICE), TEXT: said(TEXT), NOTICE: sent(VOICE)}
    assert [key for key in EXEMPT if key[1] in heard[key[0]]] == []


def receipts(model: Model) -> set[str]:
    """The texts that the owner gets after a change."""
    actions = (node for node in model.nodes.values() if isinstance(node, Action))
    return {text for node in actions for text in node.receipts.values()}


# -- what can be said where ------------------------------------------------------------------------


def sayable(model: Model, channel: str) -> Iterator[str]:
    """The texts that a channel can say."""
    words = WORDS_OF_CALLS if channel == VOICE else WORDS_OF_TEXTS
    yield from (model.words[role] for role in words)
    never = UNVOICED if channel == VOICE else UNTEXTED
    yield from (text for word, text in model.outcomes.items() if word not in never)
    by_text = listed(model) | {code.node for codes in model.codes.values() for code in codes}
    by_text |= {node.to for id_ in by_text if isinstance(node := model.nodes[id_], Form)}
    nodes = list(heard(model)) if channel == VOICE else [model.nodes[id_] for id_ in by_text]
    types = {field.type for node in nodes for field in getattr(node, "fields", ())}
    types |= {"phone", "password"}  # those of the password gate
    for field_type, faults in model.faults.items():
        told = (text for fault, text in faults.items() if enters(channel, field_type, fault))
        yield from told if field_type in types else ()
    for node in nodes:
        yield from of_node(node, channel)
    if channel == TEXT:
        yield from (text for instead in model.instead.values() for text in instead.values())


def enters(channel: str, field_type: str, fault: str) -> bool:
    """Whether an entry can have a fault: keys of a fixed length end when it is reached."""
    return channel == TEXT or fault != "too_long" or field_type == "month"


def of_node(node: object, channel: str) -> Iterator[str]:
    """The texts of a node."""
    match node:
        case Menu():
            yield node.intro
            yield from (choice.label for choice in node.choices)
            if node.own is not None:
                yield node.own.intro
        case Message():
            yield node.text
        case TransferNode():
            yield from (node.say, *node.busy.values())
        case Form() | Action():
            for field in node.fields:
                yield from (field.ask, *field.again)
    if isinstance(node, Action):
        yield from filter(None, (node.confirm, *node.answers.values(), *node.on.values()))
    if channel == VOICE and isinstance(node, (Menu, Form, Action)):
        yield from (*node.tries.no_input, *node.tries.no_match)


def test_field_types_of_fixed_length() -> None:
    """What `enters` takes for granted: only a month may be keyed in several lengths but one."""
    fixed = {"phone": 11, "password": 6, "new_password": 6, "identity": 18}
    assert {name: TYPES[name].digits for name in fixed} == fixed
