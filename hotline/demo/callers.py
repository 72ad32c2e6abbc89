"""A caller: acts on what is said, as it is said. Where an option stands decides when it is heard.

A caller listens until an option that leads to what is wanted has been announced, function and key,
and presses then; regulars press from memory. Listening costs patience, whatever is listened to.
"""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from dialog.events import CallEnded, DigitsEntered, Event, NoInput
from dialog.outcomes import DONE, FAILED
from dialog.turn import Collect, End, RequestClosed, RequestOpened, Turn
from hotline.demo.entries import entry
from hotline.demo.parameters import Parameters
from hotline.demo.population import Contact, Person, pick
from hotline.demo.spoken import Spoken
from hotline.demo.ways import Ways
from menus.model import Menu

WANTED, DONE_WITH, REFUSED, TROUBLE = "wanted", "done", "refused", "trouble"
"""How it stands with what the caller wants."""

_OUT_OF_PLACE = "1234567"
Habits = dict[str, str]
"""Menu -> the key that a regular presses there without listening."""


class Option(NamedTuple):
    """An announcement as heard: its key, its label's text, and when it was over (ms)."""

    key: str
    label: str
    end: int


class Heard(NamedTuple):
    """What a turn says before a menu's options (until `before`), the options, all of it (ms)."""

    before: int
    options: tuple[Option, ...]
    total: int


class Caller:
    """One call's mind. `mishap` is the last thing that went wrong and why: the planted cause."""

    __slots__ = (
        "_mine", "_person", "_plan", "_repeats", "_spoken", "_then", "_ways", "at", "dice",
        "habits", "leaf", "left", "mishap", "misheard", "mistaken", "pressed", "seeking",
        "stands", "want",
    )  # fmt: skip

    def __init__(
        self,
        plan: Parameters,
        person: Person,
        contact: Contact,
        ways: Ways,
        spoken: Spoken,
        habits: Habits,
        dice: Random,
    ) -> None:
        self._plan, self._person, self._ways, self._spoken = plan, person, ways, spoken
        self.dice, self.at, self.habits = dice, contact.at, habits
        self.want, self._then = contact.target, contact.second
        self.leaf = self._leaf()
        self.stands, self._mine, self._repeats = WANTED, "", 0
        self.mishap, self.misheard = "", False
        self.mistaken = False  # the last secret entry was wrong
        self.seeking = contact.nth > 1 or dice.random() < plan.keys.seekers
        self.pressed: Habits = {}
        self.left = self._patience()  # ms of listening that are left

    def _leaf(self) -> str:
        target = self._ways.targets.get(self.want)
        return target.leaf if target else ""

    def _patience(self) -> int:
        patience = self._plan.patience
        seconds = self.dice.expovariate(1 / patience.mean_s)
        if self.dice.random() < patience.hurried:
            seconds = min(seconds, self.dice.uniform(*patience.hurried_s))
        return int(min(seconds, patience.longest_s) * 1000)

    # -- what came of it ---------------------------------------------------------------------

    def notice(self, turn: Turn) -> None:
        """Understands from a turn how it stands with what is wanted."""
        for fact in turn.facts:
            if isinstance(fact, RequestOpened) and fact.leaf == self.leaf:
                self._mine = fact.id
            elif isinstance(fact, RequestClosed) and fact.id == self._mine:
                self._closed(fact)
        request = turn.session.request
        if request is not None and request.id == self._mine and request.stage == "answering":
            self._closed(RequestClosed(request.id, "succeeded"))

    def _closed(self, fact: RequestClosed) -> None:
        if fact.outcome in DONE:
            self.stands = DONE_WITH
            if self._person.usual == self.want:
                self.habits.update(self.pressed)
        elif fact.outcome == FAILED:
            self.stands = TROUBLE
        else:
            self.stands = REFUSED if fact.outcome == "refused" else DONE_WITH

    # -- one turn ----------------------------------------------------------------------------

    def act(self, turn: Turn) -> Event:
        """What the caller does when the turn waits for keys, or has said goodbye."""
        heard = self._heard(turn)
        wait = turn.then
        if isinstance(wait, End):
            self.at += heard.total
            return CallEnded(self.at, "hotline", heard.total)
        assert isinstance(wait, Collect)
        if wait.purpose == "menu":
            return self._in_menu(turn, wait, heard)
        if self._astray(turn):
            return self._press("*", heard.total + self._reaction(), heard.total)
        if wait.purpose == "confirm":
            return self._confirm(wait, heard)
        return self._enter(wait, heard)

    def _heard(self, turn: Turn) -> Heard:
        language, ms = turn.session.language, self._spoken.ms
        model = self._spoken.model
        node = model.nodes.get(turn.session.node)
        choice, intro = model.words["choice"], node.intro if isinstance(node, Menu) else ""
        at = before = 0
        options = []
        for say in turn.say:
            if say.text == intro:
                before = at
            at += ms(language, say)
            if say.text == choice:
                options.append(Option(say.values["key"].of, say.values["label"].of, at))
        return Heard(before, tuple(options), at)

    def _astray(self, turn: Turn) -> bool:
        request = turn.session.request
        return request is not None and request.id != self._mine

    # -- menus -------------------------------------------------------------------------------

    def _in_menu(self, turn: Turn, wait: Collect, heard: Heard) -> Event:
        node = turn.session.node
        if self.stands in (DONE_WITH, REFUSED, TROUBLE):
            if self._leaves():
                return self._hang_up(heard.before + self._reaction(), heard.total)
            if self.stands == DONE_WITH:
                return self._silence(wait, heard)
        if self.seeking:
            return self._for_an_agent(node, heard)
        keys = self._ways.leads[node].get(self.want, ())
        usual = self.want == self._person.usual
        if usual and node in self.habits and node not in self.pressed:
            self.pressed[node] = key = self.habits[node]
            if key not in keys:
                self.habits.pop(node)  # it used to lead there
                self.mishap = "moved"
            return self._press(key, heard.before + self._reaction(), heard.total)
        return self._listen(node, keys, wait, heard)

    def _leaves(self) -> bool:
        """Whether the caller goes now; else it is settled what is wanted next."""
        stands, self.stands = self.stands, WANTED
        if stands == DONE_WITH:
            if self._then:
                self.want, self._then = self._then, ""
                self.leaf, self._mine, self.pressed, self._repeats = self._leaf(), "", {}, 0
                return False
            if self.dice.random() < self._plan.keys.polite:
                self.stands = DONE_WITH
                return False
            return True
        does = pick(self.dice, self._plan.keys.trouble)
        self.seeking = does == "agent"
        return does == "leave" or (stands == REFUSED and does == "again")

    def _for_an_agent(self, node: str, heard: Heard) -> Event:
        key = self._reserved(node, "agent")
        if not key:
            return self._hang_up(heard.total, heard.total)
        self.mishap = self.mishap or "seeker"
        if self.dice.random() < self._plan.keys.knows_agent:
            return self._press(key, heard.before + self._reaction(), heard.total)
        end = next((option.end for option in heard.options if option.key == key), heard.total)
        return self._press(key, end + self._reaction(), heard.total)

    def _reserved(self, node: str, function: str) -> str:
        reserved = self._ways.model.nodes[node].reserved
        return next((key for key, does in reserved.items() if does == function), "")

    def _listen(self, node: str, keys: tuple[str, ...], wait: Collect, heard: Heard) -> Event:
        """Takes the first option that leads there and is understood."""
        plan, dice = self._plan.keys, self.dice
        reserved = self._ways.model.nodes[node].reserved
        for option in heard.options:
            if option.key in reserved:
                continue
            if option.key in keys:
                if dice.random() < plan.hard.get(option.label, plan.recognise):
                    return self._take(node, option, wait, heard)
                self.misheard = True
            elif dice.random() < plan.misled:
                self.mishap = "misled"
                return self._press(option.key, option.end + self._reaction(), heard.total)
        return self._lost(node, bool(keys), wait, heard)

    def _take(self, node: str, option: Option, wait: Collect, heard: Heard) -> Event:
        roll, plan = self.dice.random(), self._plan.keys
        if roll < plan.silent:
            self.mishap = "silent"
            return self._silence(wait, heard)
        key = option.key
        if roll < plan.silent + plan.wrong_key:
            self.mishap = "wrong_key"
            key = self.dice.choice(_OUT_OF_PLACE.replace(key, ""))
        else:
            self.pressed[node] = key
        return self._press(key, option.end + self._reaction(), heard.total)

    def _lost(self, node: str, below: bool, wait: Collect, heard: Heard) -> Event:
        """All options were heard and none was it."""
        plan, dice = self._plan.keys, self.dice
        back = self._reserved(node, "back")
        announced = {option.key for option in heard.options}
        at = heard.total + self._reaction()
        if not below and back in announced and dice.random() < plan.back:
            return self._press(back, at, heard.total)
        self.mishap = "misheard" if self.misheard else "not_found"
        self._repeats += 1
        does = pick(dice, plan.lost) if self._repeats < 3 else dice.choice(("agent", "leave"))
        key = {"agent": self._reserved(node, "agent"), "again": self._reserved(node, "repeat")}
        if does == "guess":
            others = sorted(announced - set(self._ways.model.nodes[node].reserved))
            return self._press(dice.choice(others or ["1"]), at, heard.total)
        if does == "silent":
            return self._silence(wait, heard)
        if key.get(does):
            return self._press(key[does], at, heard.total)
        return self._hang_up(heard.total, heard.total)

    # -- entries -----------------------------------------------------------------------------

    def _enter(self, wait: Collect, heard: Heard) -> Event:
        plan, dice = self._plan.entries, self.dice
        if dice.random() < plan.silent:
            self.mishap = "silent"
            return self._silence(wait, heard)
        bad = dice.random() < plan.bad
        if bad:
            self.mishap = "bad_entry"
        elif wait.type == "password":
            self.mistaken = dice.random() < plan.wrong_password
            if self.mistaken:
                self.mishap = "wrong_password"
        keys = entry(wait.type, dice, bad=bad).replace("X", "*")
        listened = heard.total
        if self._person.usual == self.want and dice.random() < plan.quick and wait.barge_in:
            listened = min(self._reaction() * 2, listened)
        return self._press(keys, listened + len(keys) * self._plan.keys.digit_ms, listened)

    def _confirm(self, wait: Collect, heard: Heard) -> Event:
        does = pick(self.dice, self._plan.entries.confirm)
        if does == "silent":
            self.mishap = "silent"
            return self._silence(wait, heard)
        if does == "wrong":
            self.mishap = "wrong_key"
        key = {"yes": "1", "no": "*", "wrong": "5"}[does]
        return self._press(key, heard.total + self._reaction(), heard.total)

    # -- keys and silence --------------------------------------------------------------------

    def _reaction(self) -> int:
        return self.dice.randint(*self._plan.keys.reaction_ms)

    def _press(self, keys: str, ms: int, total: int) -> Event:
        """Presses after `ms`, unless patience ran out before."""
        if ms > self.left:
            return self._out_of_patience(total)
        self._spend(ms)
        return DigitsEntered(self.at, keys, min(ms, total))

    def _silence(self, wait: Collect, heard: Heard) -> Event:
        ms = heard.total + wait.first_ms
        if ms > self.left and self.stands == WANTED:
            return self._out_of_patience(heard.total)
        self._spend(ms)
        return NoInput(self.at, heard.total)

    def _out_of_patience(self, total: int) -> Event:
        self.mishap = "impatient"
        return self._hang_up(max(self.left, 1), total)

    def _hang_up(self, ms: int, total: int) -> Event:
        self._spend(ms)
        return CallEnded(self.at, "caller", max(min(ms, total), 1))

    def _spend(self, ms: int) -> None:
        self.at += ms
        self.left -= ms

    # -- waiting -----------------------------------------------------------------------------

    def turned_away(self) -> None:
        """No agent was free."""
        self.stands, self.seeking, self.mishap = TROUBLE, False, "no_agent"

    def waits(self, ms: int) -> bool:
        """Lets time pass without a word; False when the caller is gone before it is over."""
        if ms > self.left:
            self.mishap = "impatient"
            self._spend(max(self.left, 1))
            return False
        self._spend(ms)
        return True
