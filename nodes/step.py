"""One resume in the making: the session's parts while they change, and what the turn will hold.

Node modules work on a Step; only `turn()` makes a new Session of it. A Step lives for one call of
engine.resume and never leaves it.
"""

from __future__ import annotations

from collections.abc import Mapping

from dialog.events import Event, Profile
from dialog.outcomes import FAILED, SUCCEEDED
from dialog.session import ENDED, VOICE, Open, Session
from dialog.turn import (
    NOTHING,
    Attempt,
    End,
    Fact,
    Notify,
    OrderMoved,
    Perform,
    RequestClosed,
    RequestOpened,
    Say,
    Transfer,
    Turn,
    Visited,
    Wait,
    dump_wait,
)
from dialog.values import Values
from menus.model import Action, Form, Model, Node

TEXT_WAIT_MS = 300_000
"""How long a texted dialogue stays open for an answer."""
WORK_MS = 60_000
"""How long a text may wait for the BSS before its process is taken for lost: four times what
actions/perform.py gives the longest job."""
LINE_MS = 600_000
"""How long a held line may stay silent before the sweeper takes it for lost."""
AGENT_MS = 5 * 3600 * 1000
"""How long a talk with an agent may last, with a margin over what the channel allows."""

EMPTY: Mapping[str, str] = {}


class Illegal(Exception):
    """An event that the session can't take where it stands; nothing has changed."""


class Step:
    """The working state of one resume."""

    __slots__ = (
        "acting",
        "agent",
        "at",
        "authenticated",
        "book",
        "constants",
        "errors",
        "facts",
        "fields",
        "language",
        "leaves",
        "model",
        "n",
        "node",
        "notify",
        "profile",
        "quote",
        "reply",
        "request",
        "said",
        "says",
        "session",
        "stage",
        "state",
        "then",
        "trail",
        "tries",
        "used",
        "when",
    )

    def __init__(self, model: Model, session: Session, event: Event) -> None:
        self.model, self.session, self.at = model, session, event.at
        self.when: int = getattr(event, "received", 0) or event.at  # what dated rules go by
        self.n = session.turn + 1
        self.profile: Profile | None = session.profile
        self.acting, self.authenticated = session.acting, session.authenticated
        self.language, self.node, self.stage = session.language, session.node, session.stage
        self.constants: Mapping[str, str] = session.constants
        self.fields: Mapping[str, str] = session.fields
        self.tries, self.trail, self.request = session.tries, session.trail, session.request
        self.quote, self.said, self.state = session.quote, session.said, session.state
        self.leaves, self.errors, self.agent = session.leaves, session.errors, session.agent
        self.book, self.used = session.book, session.used
        self.reply = ""  # the text that answers a price; "" = keys did
        self.says: list[Say] = []
        self.notify: list[Notify] = []
        self.facts: list[Fact] = []
        self.then: Wait | None = None

    # -- what is said ------------------------------------------------------------------------

    @property
    def voice(self) -> bool:
        """Whether somebody is on a line (else: a dialogue of texts)."""
        return self.session.origin.channel == VOICE

    def say(self, text: str, given: Values = NOTHING) -> None:
        """Adds a text by its id; an empty id says nothing."""
        if text:
            self.says.append(Say(self.own(text), given))

    def own(self, text: str) -> str:
        """The text that the called number says in this one's place."""
        instead = self.model.instead
        if not instead:
            return text
        return instead.get(self.session.origin.called, EMPTY).get(text, text)

    def word(self, role: str, given: Values = NOTHING) -> None:
        """Adds a file-wide text by its role."""
        self.say(self.model.words[role], given)

    # -- where the dialogue goes -------------------------------------------------------------

    def go(
        self,
        node: str,
        constants: Mapping[str, str] = EMPTY,
        fields: Mapping[str, str] = EMPTY,
    ) -> None:
        """Moves to a node; the engine enters it. An empty id ends the dialogue."""
        self.node, self.constants, self.fields = node, constants, fields
        self.stage, self.tries, self.quote = "", 0, None
        if not node:
            self.end("done")
        elif node == self.model.start["voice"]:
            self.trail = ()

    def choose(
        self, node: str, constants: Mapping[str, str], keyword: str = "", book: str = ""
    ) -> None:
        """Goes where a key or a code of a book leads; a leaf opens its request."""
        if self.voice and self.node and self.node != node:
            self.trail = (*self.trail[-9:], (self.node, self.constants))
        self.go(node, constants)
        if keyword:
            self.book = book
        target = self.model.nodes[node]
        if target.kind in ("action", "form", "message"):
            self.open_request(target, keyword)
        elif keyword:  # a text is a request whatever it reaches: a list that is sent is its answer
            self.open_request(target, keyword)
            self.close(SUCCEEDED)

    def back(self) -> None:
        """Goes to where the caller stood before, or stays at the start."""
        if self.trail:
            node, constants = self.trail[-1]
            self.trail = self.trail[:-1]
            self.go(node, constants)
        else:
            self.go(self.model.start["voice"])

    def after(self, node: Node) -> None:
        """Goes on when a node is done: a call to its `next`, a text to its end."""
        if self.voice:
            self.go(node.next)
        else:
            self.end("done")

    def give_up(self, node: Node) -> None:
        """Goes where a node sends those who ran out of tries; the second time says goodbye."""
        if self.voice and node.tries.then and not self.agent:
            self.go(node.tries.then)
        else:
            if self.voice:
                self.word("goodbye")
            self.end("exhausted")

    # -- waits -------------------------------------------------------------------------------

    def end(self, reason: str) -> None:
        """Ends the dialogue. A call stays until the channel says that the line is down."""
        self.then = End(reason)
        if not self.voice:
            self.state = ENDED

    def ended(self, reason: str) -> None:
        """The dialogue is over and nothing more will come of it."""
        self.then, self.state = End(reason), ENDED

    # -- the request -------------------------------------------------------------------------

    def open_request(self, node: Node, keyword: str = "") -> None:
        """Opens the request of a leaf; a form stands for the leaf that it leads to."""
        target = self.model.nodes[node.to] if isinstance(node, Form) else node
        kind = "message"
        if isinstance(target, Action):
            kind = "change" if target.does == "order" else "query"
        leaf = "/".join((target.id, *(self.constants[name] for name in target.constants)))
        opened = Open(f"{self.session.id}.{self.n}", leaf, kind)
        self.request = opened
        self.leaves += 1
        service = self.constants.get("service", "")
        self.facts.append(RequestOpened(opened.id, leaf, target.id, kind, service, keyword))

    def attempt(self, reason: str) -> None:
        """Notes a try that went wrong; no request is closed by it."""
        self.errors += 1
        request = self.request
        if request is not None:
            self.request = request._replace(errors=request.errors + 1)
        self.facts.append(Attempt(request.id if request else "", self.node, reason))

    def repeated(self) -> None:
        """Notes that the caller asked to hear it again."""
        if self.request is not None:
            self.request = self.request._replace(repeats=self.request.repeats + 1)

    def close(self, outcome: str, reason: str = "", raw: str = "") -> None:
        """Closes the open request; without one nothing happens.

        An order that was quoted and not yet sent is void with it.
        """
        request = self.request
        if request is None:
            return
        if self.stage == "confirm":
            self.facts.append(OrderMoved(request.id, "void", reason or outcome))
        self.facts.append(
            RequestClosed(request.id, outcome, reason, raw, request.errors, request.repeats)
        )
        self.request = None

    def fail(self, reason: str, raw: str = "") -> None:
        """Closes the open request as failed."""
        self.close(FAILED, reason, raw)

    def visited(self, options: tuple[str, ...] = (), key: str = "") -> None:
        """Notes where this step's event found the dialogue."""
        self.facts.append(Visited(self.node, self.stage, self.tries, options, key))

    # -- the turn ----------------------------------------------------------------------------

    def turn(self) -> Turn:
        """The new session and what the channel and the record get."""
        then = self.then
        assert then is not None
        session = self.session
        return Turn(
            Session(
                session.id,
                self.n,
                session.digest,
                session.origin,
                self.profile,
                self.acting,
                self.authenticated,
                self.language,
                self.node,
                self.constants,
                self.fields,
                self.stage,
                self.tries,
                self.trail,
                self.request,
                self.quote,
                dump_wait(then),
                self.said,
                self.leaves,
                self.errors,
                self.agent,
                self.book,
                self.used,
                self.state,
                0 if self.state == ENDED else self.at + _patience(then, self.voice),
            ),
            tuple(self.says),
            then,
            tuple(note._replace(text=self.own(note.text)) for note in self.notify),
            tuple(self.facts),
        )


def _patience(then: Wait, voice: bool) -> int:
    if isinstance(then, Transfer):
        return AGENT_MS
    if voice:
        return LINE_MS
    return WORK_MS if isinstance(then, Perform) else TEXT_WAIT_MS
