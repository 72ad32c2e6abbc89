"""A texter: sends a code, right or wrong, and answers what comes back, or does not."""

from __future__ import annotations

from random import Random

from dialog.events import Event, TextReceived, WaitExpired
from dialog.turn import Collect, Turn
from hotline.demo.entries import entry
from hotline.demo.parameters import Parameters
from hotline.demo.population import Contact, Person, pick
from hotline.demo.ways import Target, Ways
from menus.keywords import SEPARATOR, Match
from menus.model import Action, Code, Form, Menu

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Texter:
    """One text dialogue's mind; `mishap` and `mistaken` as a caller's."""

    __slots__ = (
        "_called",
        "_person",
        "_plan",
        "_target",
        "_ways",
        "at",
        "dice",
        "mishap",
        "mistaken",
        "want",
    )

    def __init__(
        self,
        plan: Parameters,
        person: Person,
        contact: Contact,
        ways: Ways,
        called: str,
        dice: Random,
    ) -> None:
        self._plan, self._person, self._ways, self._called = plan, person, ways, called
        self.dice, self.at, self.want = dice, contact.at, contact.target
        self._target: Target | None = ways.targets.get(contact.target)
        self.mishap, self.mistaken = "", False

    def first(self) -> str:
        """The text that begins the dialogue."""
        plan, dice = self._plan.texts, self.dice
        codes = self._own(self._ways.codes.get(self._target.leaf, [])) if self._target else []
        lists = self._own(self._ways.menu_codes.get(self._target.leaf, [])) if self._target else []
        if not codes or dice.random() < plan.unknown:
            self.mishap = "unknown_code"
            return dice.choice(plan.words.get(self.want) or plan.words[""])
        if lists and dice.random() < plan.menus:
            return dice.choice(lists).spellings[0]
        code = dice.choice(codes)
        spelling = dice.choice(code.spellings)
        if dice.random() < plan.typo:
            self.mishap = "typo"
            return self._misspelt(spelling)
        return spelling + self._filled(code)

    def _own(self, codes: list[Code]) -> list[Code]:
        """The codes of this subscriber's leaflet: those of the first book that has any."""
        index, profile = self._ways.model.index, self._person.profile
        found = []
        for code in codes:
            match = index.match(
                code.spellings[0], called=self._called, profile=profile, at_ms=self.at
            )
            if isinstance(match, Match) and match.code is code:
                found.append(code)
        return [code for code in found if code.book == found[0].book]

    def _misspelt(self, spelling: str) -> str:
        """A slip of one letter that is no code; what happens to spell one is tried again."""
        dice = self.dice
        for _ in range(8):
            n = dice.randrange(len(spelling))
            other = dice.choice("0123456789" if spelling[n].isdigit() else _LETTERS)
            slip = spelling[:n] + other * dice.randrange(1, 3) + spelling[n + 1 :]
            profile = self._person.profile
            index = self._ways.model.index
            if index.match(slip, called=self._called, profile=profile, at_ms=self.at) is None:
                return slip
        return f"{spelling}?X"

    def _filled(self, code: Code) -> str:
        """What stands behind the code, in its order; now and then nothing or something wrong."""
        plan, dice = self._plan, self.dice
        node = self._ways.model.nodes[code.node]
        assert isinstance(node, Action | Form)
        fields = {field.name: field for field in node.fields}
        wanted = [fields[name] for name in code.params if name in fields]
        if not any(not field.optional for field in wanted) and self.want == code.node:
            return ""
        entries = []
        for field in wanted:
            bad = dice.random() < plan.texts.bad
            if bad and dice.random() < 0.5:
                break
            if bad:
                self.mishap = "bad_entry"
            entries.append(self._entry(field.type, bad=bad))
        return "".join(SEPARATOR + one for one in entries)

    def _entry(self, kind: str, *, bad: bool) -> str:
        if kind == "password" and not bad:
            self.mistaken = self.dice.random() < self._plan.entries.wrong_password
            if self.mistaken:
                self.mishap = "wrong_password"
        return entry(kind, self.dice, bad=bad)

    def act(self, turn: Turn) -> Event:
        """What comes back to an open question: an answer, or nothing until it lapses."""
        wait = turn.then
        assert isinstance(wait, Collect)
        text = self._answer(turn, wait)
        if not text:
            self.mishap = "silent"
            self.at = turn.session.deadline
            return WaitExpired(self.at)
        self.at += int(self.dice.uniform(*self._plan.texts.think_s) * 1000)
        return TextReceived(self.at, text)

    def _answer(self, turn: Turn, wait: Collect) -> str:
        plan, dice = self._plan.texts, self.dice
        if wait.purpose == "confirm":
            does = pick(dice, plan.confirm)
            if does == "wrong":
                self.mishap = "wrong_answer"
            return {"yes": "Y", "no": "N", "silent": "", "wrong": "多少钱"}[does]
        if dice.random() >= plan.pick:
            return ""
        if wait.purpose == "menu":
            node = self._ways.model.nodes[turn.session.node]
            assert isinstance(node, Menu)
            keys = self._ways.leads[node.id].get(self.want, ())
            return keys[0] if keys else ""
        bad = dice.random() < self._plan.entries.bad
        if bad:
            self.mishap = "bad_entry"
        return self._entry(wait.type, bad=bad)
