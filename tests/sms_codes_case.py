"""The seven printed code tables as test data, and subscribers of the embedded BSS who text them.

tests/sms_codes/*.csv are the tables as printed. What a row must lead to is stated here apart from
the codebooks: by the row's kind and service, and by the lists below where those don't say it.
"""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

from bss_case import Clock, embedded

import engine
from actions.embedded import catalogue
from actions.embedded.people import Person, people
from actions.embedded.store import Store
from actions.perform import LANES, Performer
from dialog.events import ActionDone, TextReceived
from dialog.session import ENDED, NETWORK, TEXT, Origin, Session
from dialog.turn import Perform, RequestClosed, RequestOpened, Say, Turn
from hotline.sealing import seal
from hotline.vault import Vault
from menus.keywords import Index
from menus.loader import MENUS_FILE, load_sources, read_sources
from menus.model import BookUse, Filter, Model
from sms_commands.compose import compose

ROOT = Path(__file__).parent.parent
TABLES = Path(__file__).parent / "sms_codes"
TODAY = "2026-03-15T12:00:00"
BOOKS = {"T1": "t1", "T2": "t2", "T3": "t3", "T4": "t4", "T5": "t5", "T6a": "t6a", "T6b": "t6b"}


class Row(NamedTuple):
    """A printed row. `spellings` are its code and what stands beside it as equal."""

    table: str
    spellings: tuple[str, ...]
    params: str
    kind: str
    service: str
    notes: str

    def __str__(self) -> str:
        return f"{self.table} {self.spellings[0]}{self.params}"


@cache
def rows() -> tuple[Row, ...]:
    """All rows of the seven tables."""
    found = []
    for file in sorted(TABLES.glob("*.csv")):
        with file.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                spellings = (row["code"], *filter(None, row["aliases"].split("|")))
                kept = (row["params"], row["kind"], row["service"], row["notes"])
                found.append(Row(row["table"], spellings, *kept))
    return tuple(found)


# -- what a row must lead to ---------------------------------------------------------------------

CATALOGUE: Mapping[str, Mapping[str, object]] = json.loads(
    Path(catalogue.__file__).with_name("catalogue.json").read_text("utf-8")
)["services"]
PRINTED = {str(row.get("printed", row["zh-CN"])): id_ for id_, row in CATALOGUE.items()}
"""A service's printed name -> its id in the catalogue."""

VERBS = {"subscribe": "enable", "confirm": "enable", "unsubscribe": "disable", "status": "status"}
VERBS |= {"describe": "describe"}

QUERIES = {
    "余额": "balance", "实时话费及余额": "balance", "实时话费": "balance",
    "话费": "month_charge", "月话费": "month_charge",
    "话费明细": "bill", "月话费明细": "bill", "账单": "bill", "上月账单": "last_bill",
    "即时话费明细": "charge_detail", "积分": "points", "已开通业务": "services",
    "GPRS已用流量": "data_usage", "号码归属地": "home_location", "虚拟网短号查长号": "long_number",
    "充值记录": "records/recharges", "返充记录": "records/rebates",
    "SP扣费短信": "records/sp_charges", "常用信息": "common_info", "梦网业务": "status/monternet",
    "本机资费产品": "products", "有效期": "validity", "信誉度": "credit", "缴费历史": "payments",
}  # fmt: skip
"""Queries that have a node of their own, by service; the others are statements (`usage`)."""

STATES = ("呼叫转移", "呼叫等待", "中文秘书", "留言信箱")
STATES += tuple(f"GPRS{price}元套餐" for price in (5, 20, 50, 100, 200))
"""Services of which a query asks whether they are active."""

APART = {
    ("T2", "1111"): "activate/card_kit",
    ("T2", "1622"): "enable_from/easyown_sms_1/next_cycle",
    ("T2", "1682"): "enable_from/province_sms_5/next_cycle",
    ("T2", "15"): "usage_menu",
    ("T3", "KTDXTC#10"): "enable/sms_pack_10",
    ("T3", "KTDXTC#15"): "enable/sms_pack_15",
    ("T3", "LS"): "payments_of",
    ("T3", "MMGL"): "password_menu",
    ("T6a", "0000"): "monternet_menu",
    ("T6a", "DJ"): "redeem",
    ("T5", "104"): "discount_menu",
    ("T5", "1041"): "discount_money",
    ("T5", "1042"): "discount_usage",
    ("T5", "106"): "alert_menu",
    ("T5", "1061"): "enable_alert/balance_alert",
    ("T5", "107"): "e_bill_menu",
    ("T5", "203"): "password_menu",
    ("T5", "2031"): "apply_password",
    ("T5", "2032"): "change_password",
    ("T5", "2033"): "reset_password",
    ("T5", "210"): "my10086_menu",
    ("T5", "301"): "caller_id_menu",
    ("T5", "302"): "ringback_menu",
    ("T5", "303"): "gprs_menu",
    ("T5", "3038"): "gprs_intro_menu",
    ("T5", "304"): "call_reminder_menu",
    ("T5", "305"): "fetion_menu",
}
"""Menus, readings of uncertain rows, and what is neither a query nor a service's on or off."""


def leaf_of(row: Row) -> str:
    """The leaf that a row's meaning has on the shipped site."""
    apart = APART.get((row.table, row.spellings[0]))
    if apart:
        return apart
    if row.kind in VERBS:
        return f"{VERBS[row.kind]}/{PRINTED[row.service]}"
    assert row.kind == "query", row
    if row.service in STATES:
        return f"status/{PRINTED[row.service]}"
    return QUERIES.get(row.service) or f"usage/{PRINTED[row.service]}"


# -- models --------------------------------------------------------------------------------------


@cache
def site() -> Model:
    """The shipped site, with T1 in use beside T4, which holds all of it."""
    sources = read_sources(ROOT)
    t1 = "sms_commands/codebooks/t1.yaml"
    sources[t1] = (ROOT / t1).read_text("utf-8")
    use = "  - {use: unicom,"
    assert use in sources[MENUS_FILE]
    sources[MENUS_FILE] = sources[MENUS_FILE].replace(use, f"  - {{use: t1}}\n{use}")
    model, found = load_sources(sources)
    assert model is not None, found
    return model


@cache
def alone(book: str) -> Model:
    """The site with one book in use, for everybody."""
    model, uses = site(), (BookUse(book, Filter()),)
    return replace(model, books=uses, index=Index(uses, model.codes, model.nodes))


# -- subscribers ---------------------------------------------------------------------------------


@cache
def crowd() -> tuple[Person, ...]:
    """All subscribers who may order: not suspended, at home, with money and points."""
    return tuple(
        person
        for person, _ in people()
        if not person.suspended
        and person.roaming == "home"
        and person.points > 2000
        and (person.balance > 8000 or not person.prepaid)
    )


def somebody(fits: Callable[[Person], bool]) -> Person:
    """The first subscriber who fits."""
    return next(filter(fits, crowd()))


def province(person: Person) -> str:
    """A subscriber's province."""
    return catalogue.places()[person.place]


def may_have(person: Person, service: str) -> bool:
    """Whether a service is for such a subscriber, by its catalogue row."""
    row = CATALOGUE.get(service, {})
    plan = catalogue.PLANS[person.plan]
    return (
        plan.operator == row.get("operator", "cmcc")
        and not plan.excludes
        and row.get("prepaid", person.prepaid) == person.prepaid
        and person.brand in row.get("brands", [person.brand])  # type: ignore[operator]
        and person.tier in row.get("tiers", [person.tier])  # type: ignore[operator]
        and province(person) in row.get("provinces", [province(person)])  # type: ignore[operator]
        and (not person.prepaid or int(row.get("price", 0)) < person.balance)  # type: ignore[call-overload]
    )


# -- texting ---------------------------------------------------------------------------------------


class Answer(NamedTuple):
    """What a text was answered with, and the requests that it ended."""

    said: tuple[Say, ...]
    closed: tuple[tuple[str, str], ...]

    @property
    def texts(self) -> list[str]:
        """The ids of what was said."""
        return [say.text for say in self.said]


class Hall:
    """The engine and the embedded BSS, without a record between them."""

    def __init__(self, folder: Path) -> None:
        self.sent: list[tuple[str, str]] = []
        self.clock = Clock(TODAY)
        self.bss = embedded(folder, self.clock, text=lambda *sent: self.sent.append(sent))
        self.store = Store(folder / "bss.sqlite")
        self.vault = Vault.at(folder / "secret.key")
        self.performer = Performer(self.bss, open_secret=self.vault.open, lanes=LANES)
        self._n = 0

    def new_id(self) -> str:
        """A name that nothing here has yet: an order's key is made of its session's."""
        self._n += 1
        return f"id-{self._n}"

    def close(self) -> None:
        """Ends its threads."""
        self.performer.close()
        self.bss.close()
        self.store.close()

    def refill(self, person: Person) -> None:
        """Gives a subscriber back the money, the points and the password of the start."""
        with self.store.change():
            kept = {"balance": 30_000, "points": 20_000, "password": person.password}
            self.store.set_person(person, **kept)

    def order(self, person: Person, verb: str, **args: str) -> str:
        """An order by another way than texts: the word that it ended with."""
        quoted = self.bss.quote(verb, person.subscriber, args)
        if quoted.quote is None:
            return quoted.result
        return self.bss.submit(self.new_id(), verb, person.subscriber, args, quoted.quote).result

    def state(self, person: Person, service: str) -> str:
        """Whether a service, or one of its family, is held."""
        answer = self.bss.query("status", person.subscriber, {"service": service})
        return str(answer.values["state"].of)


class Texter:
    """One subscriber's texts to one number."""

    def __init__(self, hall: Hall, model: Model, number: str, called: str = "10086") -> None:
        self.hall, self.model = hall, model
        self.origin = Origin(TEXT, called, number, NETWORK, "link", "rehearsal")
        self.session: Session | None = None
        self._open: dict[str, str] = {}

    def text(self, body: str, received: int = 0) -> Answer:
        """Sends a text, which the link took at that time (UTC ms), and does what it sets off."""
        if self.session is None or self.session.state == ENDED:
            self.session = engine.begin(self.hall.new_id(), self.model, self.origin)
        at = self.hall.clock()
        text = TextReceived(at, body, self.hall.bss.profile(self.origin.caller), received)
        event = seal(self.model, self.session, text, self.hall.vault)
        said, closed = list[Say](), list[tuple[str, str]]()
        while True:
            turn = engine.resume(self.model, self.session, event)
            self.session = turn.session
            said += turn.say
            closed += self._closings(turn)
            if not isinstance(turn.then, Perform):
                break
            got = self.hall.performer.perform(turn.then).result()
            event = ActionDone(at, turn.then.key, *got[:3], got.quote, got.profile)
        for language in self.model.languages:
            assert compose(self.model, language, said).text
        return Answer(tuple(said), tuple(closed))

    def _closings(self, turn: Turn) -> Iterator[tuple[str, str]]:
        for fact in turn.facts:
            if isinstance(fact, RequestOpened):
                self._open[fact.id] = fact.leaf
            elif isinstance(fact, RequestClosed):
                yield self._open[fact.id], fact.reason or fact.outcome


def made_hall() -> Hall:
    """A hall on a fresh copy of the synthetic subscribers."""
    return Hall(Path(tempfile.mkdtemp(prefix="hotline-sms-")))
