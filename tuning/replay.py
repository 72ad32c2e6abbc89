"""A recorded call played again against another version: same wishes, same slips, same patience.

Each leg that reached a leaf goes for that leaf again, through the engine and the other version's
menus. Who had waited for an option takes the first one announced that leads to the leaf, as soon
after its announcement as then; who had pressed before it was begun presses the key that they know;
wrong keys, silences and wrong turns happen again where their menu is met again. What is done
between leaves (entries, prices, the BSS) is played through without a record of it: it leads back
to the same menus whatever its outcome.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import engine
from dialog.events import (
    ActionDone,
    CallArrived,
    DigitsEntered,
    Event,
    NoInput,
    Profile,
    Quote,
    TransferEnded,
)
from dialog.session import Origin
from dialog.turn import Collect, End, Perform, RequestOpened, Transfer, Turn
from ledger.records import Walk
from menus.model import Choice, Menu, Model
from menus.paths import below
from tuning.heard import (
    AGENT,
    BACK,
    CHOOSE,
    EARLY,
    GONE,
    REPEAT,
    SILENCE,
    TOLD,
    WHOLE,
    Act,
    Spoken,
    acts,
    milliseconds,
)
from tuning.legs import LEAF, Leg, legs

SOONER, SAME, LATER = "sooner", "same", "later"
UNTIMED = "untimed"  # reached, but some lengths are unknown
NO_WAY = "no_way"  # no option leads there from where the caller stands
ASTRAY = "astray"  # the key that the caller knows leads elsewhere
TRIES = "tries"  # the same slips are one too many
UNKNOWN = "unknown"  # hung up before any leaf: the wish is not known
UNFOLLOWED = "unfollowed"  # what came before it went another way
REACHED = (SOONER, SAME, LATER, UNTIMED)
GOT_LOST = (NO_WAY, ASTRAY, TRIES)
RESULTS = (*REACHED, *GOT_LOST, AGENT, UNKNOWN, UNFOLLOWED)
"""What becomes of a leg."""

_MOST_EVENTS = 60
"""Of what is played through between two menus."""
_ENTRIES = {"phone": "13800138000", "month": "01", "yuan": "10"}
_SECRET = "0"
"""An entry that stands for a sealed one."""


Goal = str | tuple[str, tuple[tuple[str, str], ...]]
"""A leaf, or what one line leads to: two lines may lead to one leaf, one of them by a form."""
Ways = Mapping[str, Mapping[Goal, frozenset[str]]]
"""By menu and goal: the keys that lead there without passing the menu again."""


class Version(NamedTuple):
    """A menus version: its model, its lengths by language, and `ways` of its model."""

    model: Model
    languages: Mapping[str, Spoken]
    ways: Ways


class Replayed(NamedTuple):
    """A leg played again: whose, for which leaf ("" unknown), and what became of it.

    `then_ms` is what was listened to in menus, None when unknown, `saved_ms` how much less it is
    now. `gone`: the caller hung up at its end.
    """

    session: str
    leaf: str
    result: str
    then_ms: int | None
    saved_ms: int = 0
    gone: bool = False


class _LostError(Exception):
    """The leg does not reach its leaf; `result` says why."""

    def __init__(self, result: str) -> None:
        super().__init__(result)
        self.result = result


def replayed(walk: Walk, then: Version, now: Version) -> Iterator[Replayed]:
    """The legs of a call, each played again; `then` is the call's own version."""
    caller = _Caller(walk, then, now)
    by_caller = walk.end is not None and walk.end.by == "caller"
    for leg in legs(walk, acts(walk, then.model, then.languages)):
        result, saved = caller.leg(leg)
        gone = leg.end == GONE and by_caller
        yield Replayed(walk.session.id, leg.leaf, result, leg.heard, saved, gone)


class _Plan(NamedTuple):
    """A leg in order: ways that led back to a menu, as by another language, then that to the leaf.

    `slips` are, by menu, what happened there before: single acts, or a wrong turn with all that
    was done until its return. A slip that a key ended takes as long again.
    """

    detours: tuple[Act, ...]
    way: Mapping[str, Act]
    slips: Mapping[str, Sequence[Sequence[Act]]]


def _plan(leg: Leg) -> _Plan:
    taken: list[Act] = []
    beside: list[list[list[Act]]] = [[]]  # the slips before the first choice, after each taken one
    for act in (*leg.acts, leg.last):
        if act.kind == CHOOSE:
            taken.append(act)
            beside.append([])
        elif act.kind == BACK and taken:
            within = [slip for slips in beside.pop() for slip in slips]
            beside[-1].append([taken.pop(), *within, act])
        else:
            beside[-1].append([act])
    slips: dict[str, list[list[Act]]] = {}
    for group in (group for groups in beside for group in groups):
        slips.setdefault(group[0].menu, []).append(group)
    menus = [act.menu for act in taken]
    begin = max((n for n, menu in enumerate(menus) if menu in menus[:n]), default=0)
    return _Plan(tuple(taken[:begin]), {act.menu: act for act in taken[begin:]}, slips)


class _Caller:
    """Plays one call's legs through the engine."""

    def __init__(self, walk: Walk, then: Version, now: Version) -> None:
        self._then, self._now = then, now
        self._ways = now.ways
        self._gave_up = {step.n - 1 for step in walk.steps if step.event == "TransferEnded"}
        facts = walk.session
        origin = Origin("voice", facts.called, "", facts.identity, facts.link, "replay")
        profile = Profile(
            facts.subscriber, facts.operator, facts.brand, False, facts.tier, facts.province,
            facts.language,
        )  # fmt: skip
        self._at = facts.opened_at
        self._session = engine.begin(facts.id, now.model, origin)
        self._turn: Turn | None = None
        self._resume(CallArrived(self._at, profile))
        self._times: list[tuple[int | None, int | None]] = []

    # -- a leg -------------------------------------------------------------------------------

    def leg(self, leg: Leg) -> tuple[str, int]:
        """What becomes of a leg, and the milliseconds that it saves."""
        if leg.end == AGENT:
            self._ask(leg)
        if leg.end != LEAF:
            return (AGENT if leg.end == AGENT else UNKNOWN), 0
        self._at = leg.last.at
        self._times = []
        try:
            if self._menu() is None:
                return UNFOLLOWED, 0
            self._go(_plan(leg), leg)
            self._through(goes_on=leg.more, back=leg.back)
        except _LostError as lost:
            self._turn = None
            return lost.result, 0
        except engine.Illegal:
            self._turn = None
            return UNFOLLOWED, 0
        saved = 0
        for then, now in self._times:
            if then is None or now is None:
                return UNTIMED, 0
            saved += then - now
        return (SOONER if saved > 0 else LATER if saved < 0 else SAME), saved

    def _ask(self, leg: Leg) -> None:
        """Asks for an agent; the call goes on from where it is led when none is free."""
        try:
            if leg.more and self._menu() is not None:
                self._at = leg.last.at
                self._reserved(AGENT, leg.last)
                self._through(goes_on=True)
        except (_LostError, engine.Illegal):
            self._turn = None

    def _go(self, plan: _Plan, leg: Leg) -> None:
        met: set[str] = set()
        goal = self._goal(leg)
        for act in plan.detours:
            self._slip(plan, met)
            self._same(act)
        goals: dict[str, Act] = dict(plan.way)
        for _ in range(len(self._now.model.nodes)):
            menu = self._slip(plan, met)
            known: Act | None = goals.pop(menu.id, None)
            key = self._key_to(goal, menu, known)
            self._times.append(
                (self._then_ms(known) if known else 0, self._now_ms(menu, key, known))
            )
            if self._press(key, known) == leg.leaf:
                break
        else:
            raise _LostError(NO_WAY)
        self._times += [(self._then_ms(act), 0) for act in goals.values()]
        for menu_id, slips in plan.slips.items():
            if menu_id not in met:
                self._times += [(act.heard or 0, 0) for slip in slips for act in slip]

    def _goal(self, leg: Leg) -> Goal:
        """What the caller goes for: the same line's target where there is one, else the leaf."""
        assert leg.last.choice is not None
        target = _target(leg.last.choice)
        return target if any(target in here for here in self._ways.values()) else leg.leaf

    def _key_to(self, goal: Goal, menu: Menu, act: Act | None) -> str:
        """The key that this caller presses in a menu on the way to a goal."""
        leading = self._ways.get(menu.id, {}).get(goal, frozenset())
        if act is not None and act.how == EARLY:
            if act.key not in leading:
                raise _LostError(ASTRAY)
            return act.key
        for key in self._offered(menu):
            if key in leading:
                return key
        raise _LostError(NO_WAY)

    def _slip(self, plan: _Plan, met: set[str]) -> Menu:
        """What went wrong in a menu goes wrong again, once; the menu that is then waiting."""
        menu = self._waiting()
        while menu.id not in met:
            met.add(menu.id)
            for group in plan.slips.get(menu.id, ()):
                for act in group:
                    if not self._again(act):
                        break
            menu = self._waiting()
        return menu

    def _again(self, act: Act) -> bool:
        """Does what was done; False for a wrong turn that there is no more."""
        if act.kind == CHOOSE:
            return self._same(act, needed=False)
        menu = self._waiting()
        if act.kind == SILENCE:
            self._times.append((self._whole_then(act), self._whole_now(menu)))
            self._resume(NoInput(self._at, act.before + (act.heard or 0)))
        elif act.kind in (REPEAT, BACK):
            self._reserved(act.kind, act)
        else:
            self._wrong(menu, act)
        if self._menu() is None:
            if act.n not in self._gave_up:
                raise _LostError(TRIES)
            self._through(goes_on=True)
        return True

    def _wrong(self, menu: Menu, act: Act) -> None:
        """A key that was none; one that is one now leads the caller off."""
        if act.key in self._offered(menu) or act.key in menu.reserved:
            raise _LostError(ASTRAY)
        self._press(act.key, act)

    def _same(self, act: Act, *, needed: bool = True) -> bool:
        """Takes the line that leads where the act's did; whether there is one."""
        menu = self._waiting()
        assert act.choice is not None
        for choice in menu.choices:
            if _target(choice) == _target(act.choice) and choice.key in self._offered(menu):
                if act.how == EARLY and choice.key != act.key:
                    raise _LostError(ASTRAY)
                self._times.append((self._then_ms(act), self._now_ms(menu, choice.key, act)))
                self._press(choice.key, act)
                return True
        if needed:
            raise _LostError(NO_WAY)
        return False

    # -- times -------------------------------------------------------------------------------

    def _then_ms(self, act: Act) -> int | None:
        """What was heard of the menu at an act: at least as far as the option, if nothing tells."""
        if act.heard is not None or act.kind != CHOOSE:
            return act.heard
        spoken = self._then.languages.get(act.language)
        menu = self._then.model.nodes[act.menu]
        if spoken is None or menu.id not in spoken.menus or not isinstance(menu, Menu):
            return None
        return milliseconds(menu, spoken.menus[menu.id], act.offered)[0][act.key][1]

    def _now_ms(self, menu: Menu, key: str, act: Act | None) -> int | None:
        """What this caller hears of a menu until the key comes."""
        if act is not None and act.how == EARLY:
            return act.heard
        spoken = self._now.languages.get(self._session.language)
        if spoken is None or menu.id not in spoken.menus:
            return None
        spans, whole = milliseconds(menu, spoken.menus[menu.id], self._offered(menu))
        if act is not None and act.how == WHOLE:
            return whole + act.late
        return max(spans[key][1] + (act.late if act is not None and act.how == TOLD else 0), 0)

    def _whole_then(self, act: Act) -> int | None:
        """All that the menu of an act said, as far as its choices go."""
        menu = self._then.model.nodes[act.menu]
        assert isinstance(menu, Menu)
        return _whole(menu, self._then.languages.get(act.language))

    def _whole_now(self, menu: Menu) -> int | None:
        return _whole(menu, self._now.languages.get(self._session.language))

    # -- the engine --------------------------------------------------------------------------

    def _resume(self, event: Event) -> Turn:
        turn = engine.resume(self._now.model, self._session, event)
        self._turn, self._session = turn, turn.session
        return turn

    def _menu(self) -> Menu | None:
        """The menu that waits for a key, None when none does."""
        turn = self._turn
        if turn is None or not isinstance(turn.then, Collect) or turn.then.purpose != "menu":
            return None
        menu = self._now.model.nodes[self._session.node]
        return menu if isinstance(menu, Menu) else None

    def _waiting(self) -> Menu:
        menu = self._menu()
        if menu is None:
            raise _LostError(TRIES)
        return menu

    def _offered(self, menu: Menu) -> list[str]:
        """The keys of the choices that this caller is offered, in the order spoken."""
        assert self._turn is not None
        known = {choice.key for choice in menu.choices}
        word = self._now.model.words["choice"]
        said = (say.values["key"].of for say in self._turn.say if say.text == word)
        return [key for key in dict.fromkeys(said) if key in known]

    def _press(self, key: str, act: Act | None) -> str:
        """Presses a key in a menu; the leaf that this opened, "" for none."""
        heard = act.before + (act.heard or 0) if act is not None else 0
        turn = self._resume(DigitsEntered(self._at, key, max(heard, 0)))
        return next((f.leaf for f in turn.facts if isinstance(f, RequestOpened)), "")

    def _reserved(self, function: str, act: Act) -> None:
        """Presses the key of a function where the menu has it."""
        for key, does in self._waiting().reserved.items():
            if does == function:
                self._press(key, act)
                return

    def _through(self, *, goes_on: bool, back: bool = False) -> None:
        """Plays through what is no menu, until one waits or the call is over.

        `goes_on`: the call did, so that no agent was free. `back`: entries are left by `*`.
        """
        for _ in range(_MOST_EVENTS):
            assert self._turn is not None
            wait = self._turn.then
            if isinstance(wait, End) or self._menu() is not None:
                return
            if isinstance(wait, Perform):
                quote = Quote(0, "none", "", "now") if wait.call == "quote" else None
                self._resume(ActionDone(self._at, wait.key, "succeeded", quote=quote))
            elif isinstance(wait, Transfer):
                status = "busy" if goes_on else "answered"
                self._resume(TransferEnded(self._at, wait.topic, status))
            else:
                entry = "*" if back else _ENTRIES.get(wait.type, _SECRET)
                if wait.purpose == "confirm":
                    entry = "1"
                self._resume(DigitsEntered(self._at, entry))
        raise _LostError(UNFOLLOWED)


def _whole(menu: Menu, spoken: Spoken | None) -> int | None:
    if spoken is None or menu.id not in spoken.menus:
        return None
    return milliseconds(menu, spoken.menus[menu.id], [c.key for c in menu.choices])[1]


def _target(choice: Choice) -> Goal:
    return choice.to, tuple(sorted(choice.constants.items()))


def ways(model: Model) -> Ways:
    """The keys that lead to each leaf and each line's target from each menu."""
    found: dict[str, dict[Goal, frozenset[str]]] = {}
    for node in model.nodes.values():
        if isinstance(node, Menu):
            here = found.setdefault(node.id, {})
            for leaf, path in below(model, node.id):
                for goal in (leaf, _target(path[-1].choice)):
                    here[goal] = here.get(goal, frozenset()) | {path[0].choice.key}
    return found
