"""The embedded BSS: every query answers from data, every change changes it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from bss_case import Clock, ask, embedded, names, number, order, submit, who

from actions.embedded import bss as bss_module
from actions.embedded.catalogue import (
    FAMILIES,
    PLANS,
    SERVICES,
    TARIFFS,
    TOPICS,
    Tariff,
    places,
)
from actions.embedded.passwords import POOL, matches, password_of, shipped
from actions.embedded.people import CAST, identity_of, people
from actions.embedded.queries import ANYONE, QUERIES
from actions.port import Result
from actions.signatures import SIGNATURES
from dialog.fields import TYPES
from dialog.outcomes import OUTCOMES, REASONS
from dialog.values import LIST, NAME, PLACE

CATALOGUE = Path(bss_module.__file__).with_name("catalogue.json")
NAMED = {
    name: {language: texts[language] for language in ("zh-CN", "en")}
    for group in json.loads(CATALOGUE.read_text("utf-8")).values()
    for name, texts in group.items()
}


def _ids(value: object, kind: str) -> set[str]:
    if kind == LIST:
        return {cell.of for row in value.of for cell in row if cell.type in (NAME, PLACE)}  # type: ignore[attr-defined]
    return {value.of} if kind in (NAME, PLACE) else set()  # type: ignore[attr-defined]


def test_the_subscriber_of_the_examples_is_there(tmp_path: Path) -> None:
    """13800138000 is GoTone with a gold card, 58.60 yuan and service password 135246."""
    bss = embedded(tmp_path)
    profile = bss.profile("13800138000")
    assert profile is not None
    assert profile[1:] == ("cmcc", "gotone", False, "gold", "beijing", "", False, "home")
    assert profile.subscriber not in ("", "13800138000")
    assert ask(bss, "balance")["balance"].of == 5860
    assert bss.verify("13800138000", "135246").profile == profile


def test_people_are_many_and_the_same_every_time() -> None:
    """At least 1,000 subscribers, drawn alike each time, with every kind among them."""
    everybody = [person for person, _ in people()]
    assert everybody == [person for person, _ in people()]
    assert len({person.subscriber for person in everybody}) == len(everybody) >= 1000
    assert {p.brand for p in everybody} == {"gotone", "easyown", "mzone", "wo", "ruyi"}
    assert {p.tier for p in everybody} == {"", "silver", "gold", "diamond", "supreme"}
    assert {person.roaming for person in everybody} == {"home", "abroad", "unknown"}
    assert any(person.balance < 0 for person in everybody)
    assert any(person.suspended for person in everybody)
    assert any(not person.password for person in everybody)
    assert all(not person.tier for person in everybody if person.prepaid)


def test_profiles_of_others_and_of_nobody(tmp_path: Path) -> None:
    """A number of another operator has a profile without a subscription, an unknown one none."""
    bss = embedded(tmp_path)
    for theirs, operator in (("13000138000", "unicom"), ("13300138000", "telecom")):
        profile = bss.profile(theirs)
        assert profile is not None
        assert (profile.subscriber, profile.operator) == ("", operator)
    assert bss.profile("13900138000") is None
    assert bss.profile("10086") is None


def test_profile_of_a_senior_follows_the_clock(tmp_path: Path) -> None:
    """65 is reached on a birthday."""
    clock = Clock("2003-09-30T23:59:59")
    bss = embedded(tmp_path, clock)
    assert not bss.profile(number(3)).senior  # type: ignore[union-attr]
    clock.set("2003-10-01T00:00:00")
    assert bss.profile(number(3)).senior  # type: ignore[union-attr]


@pytest.mark.parametrize("index", range(len(CAST)))
def test_every_query_gives_what_its_signature_promises(tmp_path: Path, index: int) -> None:
    """Values by name and type, and only ids that the catalogue names in both languages."""
    bss = embedded(tmp_path)
    for (kind, name), signature in SIGNATURES.items():
        if kind != "query":
            continue
        for service in ("", *SERVICES, *FAMILIES, *TOPICS):
            args = {"service": service, "number": number(index), "short": "68003"}
            answer = bss.query(name, who(bss, index), args)
            assert answer.result in signature.outcomes
            if answer.result != "succeeded":
                assert "service" in signature.args
                continue
            assert {key: value.type for key, value in answer.values.items()} == signature.gives
            for value in answer.values.values():
                assert _ids(value, value.type) <= NAMED.keys()


def test_signatures_and_catalogue_hold_together() -> None:
    """Every query is implemented, every word is in the lists, every id has both names."""
    asked = {name for kind, name in SIGNATURES if kind == "query"}
    assert asked == QUERIES.keys() | ANYONE.keys()
    for signature in SIGNATURES.values():
        assert set(signature.outcomes) <= set(OUTCOMES + REASONS)
        assert set(signature.args.values()) <= TYPES.keys() | {"service", "effective"}
    ids = {*SERVICES, *FAMILIES, *PLANS, *places(), *(tariff.service for tariff in TARIFFS)}
    assert ids <= NAMED.keys()
    assert len({texts["zh-CN"] for texts in NAMED.values()}) == len(NAMED)


def test_five_months_of_bills_stand_behind_any_day(tmp_path: Path) -> None:
    """The running month and five before it, whatever the clock shows; older ones are refused."""
    clock = Clock()
    bss = embedded(tmp_path, clock)
    for local, kept in (
        ("2026-01-31T08:00:00", ("2026-01", "2025-12", "2025-08")),
        ("2031-12-01T00:30:00", ("2031-12", "2031-11", "2031-07")),
    ):
        clock.set(local)
        for month in kept:
            bill = ask(bss, "bill", month=month)
            assert bill["month"].of == month
            assert bill["total"].of == sum(money.of for _, money in bill["items"].of) > 0
        assert ask(bss, "bill")["month"].of == kept[0]
        assert ask(bss, "last_bill") == ask(bss, "bill", month=kept[1])
        assert all(day.of <= local[:10] for day, _ in ask(bss, "payments")["items"].of)
        assert len(ask(bss, "payments")["items"].of) >= 5
        assert ask(bss, "validity")["until"].of > local[:10]
        for month in ("2025-07", "2032-01", "nonsense"):
            assert bss.query("bill", who(bss), {"month": month}).result == "bad_parameter"


def test_queries_of_nobody_and_of_bad_services(tmp_path: Path) -> None:
    """No subscription is not_our_subscriber; a service or number that is none is bad_parameter."""
    bss = embedded(tmp_path)
    assert bss.query("balance", "", {}).result == "not_our_subscriber"
    assert bss.query("status", who(bss), {"service": "teleport"}).result == "bad_parameter"
    assert bss.query("describe", "", {"service": "teleport"}).result == "bad_parameter"
    assert bss.query("home_location", "", {"number": "99900138000"}).result == "bad_parameter"
    assert bss.query("home_location", "", {"number": "13000138000"}).values["place"].of in places()


def test_subscribing_changes_status_services_and_bill(tmp_path: Path) -> None:
    """A postpaid subscriber's service is active at once and its price stands on the bill."""
    bss = embedded(tmp_path)
    before = ask(bss, "balance")
    quoted = bss.quote("subscribe", who(bss), {"service": "caller_id"}).quote
    assert quoted == (500, "month", "2", "now", ())
    answer = order(bss, "k1", "subscribe", service="caller_id")
    assert (answer.result, answer.raw, answer.values["from"].of) == (
        "succeeded", "0000", "2026-03-15",
    )  # fmt: skip
    after = ask(bss, "balance")
    assert after["spent"].of == before["spent"].of + 500
    assert after["balance"] == before["balance"]
    status = ask(bss, "status", service="caller_id")
    assert (status["state"].of, status["since"].of) == ("state_active", "2026-03-15")
    assert "caller_id" in names(ask(bss, "services"))
    assert order(bss, "k2", "subscribe", service="caller_id").result == "already_active"
    assert order(bss, "k3", "subscribe", service="call_reminder").result == "succeeded"


def test_a_prepaid_order_is_paid_from_the_balance(tmp_path: Path) -> None:
    """The price leaves the balance at once; too little money refuses."""
    bss = embedded(tmp_path)
    assert order(bss, "k1", "subscribe", 8, service="caller_id").result == "succeeded"
    assert ask(bss, "balance", 8)["balance"].of == 5500
    assert order(bss, "k2", "subscribe", 1, service="caller_id").result == "insufficient_balance"
    assert order(bss, "k3", "subscribe", 1, service="gprs_std").result == "succeeded"
    assert ask(bss, "balance", 1)["balance"].of == 320


def test_cancelling_ends_a_service(tmp_path: Path) -> None:
    """The service is gone today, is named, and can't be cancelled again."""
    bss = embedded(tmp_path)
    answer = order(bss, "k1", "unsubscribe", service="ringback")
    assert answer.result == "succeeded"
    assert names(answer.values, "cancelled") == ["ringback"]
    status = ask(bss, "status", service="ringback")
    assert (status["state"].of, status["since"].of) == ("state_inactive", "2026-03-15")
    assert order(bss, "k2", "unsubscribe", service="ringback").result == "not_active"
    assert order(bss, "k3", "unsubscribe", service="teleport").result == "bad_parameter"


def test_one_code_cancels_a_family(tmp_path: Path) -> None:
    """None active: not_active; one: cancelled and named; several: the quote lists them."""
    bss = embedded(tmp_path)
    assert order(bss, "k1", "unsubscribe", service="gprs").result == "not_active"
    assert names(order(bss, "k2", "unsubscribe", 2, service="gprs").values, "cancelled") == [
        "gprs_20"
    ]
    quoted = bss.quote("unsubscribe", who(bss, 6), {"service": "e_bill"}).quote
    assert quoted is not None
    assert set(quoted.targets) == {"sms_bill", "mms_bill"}
    both = order(bss, "k3", "unsubscribe", 6, service="e_bill")
    assert set(names(both.values, "cancelled")) == {"sms_bill", "mms_bill"}


def test_another_step_of_a_family_comes_with_the_next_cycle(tmp_path: Path) -> None:
    """GPRS 20 to 50 is accepted, booked for the first of next month and charged from then."""
    clock = Clock("2026-12-15T12:00:00")
    bss = embedded(tmp_path, clock)
    answer = order(bss, "k1", "subscribe", 2, service="gprs_50")
    assert (answer.result, answer.values["from"].of) == ("accepted", "2027-01-01")
    assert ask(bss, "balance", 2)["balance"].of == 4500
    rows = [(row[0].of, row[1].of) for row in ask(bss, "status", 2, service="gprs")["items"].of]
    assert rows == [("gprs_20", "state_active"), ("gprs_50", "state_booked")]
    assert ask(bss, "status", 2, service="gprs_50")["state"].of == "state_booked"
    assert order(bss, "k2", "subscribe", 2, service="gprs_5").result == "order_in_progress"
    assert order(bss, "k3", "subscribe", 2, service="gprs_50").result == "already_active"
    clock.set("2027-01-01T00:00:00")
    assert names(ask(bss, "status", 2, service="gprs")) == ["gprs_50"]
    assert ("gprs_50", 5000) in [(n.of, m.of) for n, m in ask(bss, "bill", 2)["items"].of]
    assert names(order(bss, "k4", "unsubscribe", 2, service="gprs").values, "cancelled") == [
        "gprs_50"
    ]


def test_cancelling_a_family_drops_what_is_booked(tmp_path: Path) -> None:
    """After a cancel nothing begins on the first of next month."""
    clock = Clock()
    bss = embedded(tmp_path, clock)
    order(bss, "k1", "subscribe", 2, service="gprs_50")
    assert order(bss, "k2", "unsubscribe", 2, service="gprs").result == "succeeded"
    clock.set("2026-04-01T00:00:00")
    assert ask(bss, "status", 2, service="gprs")["state"].of == "state_inactive"


def test_data_left_grows_with_the_pack(tmp_path: Path) -> None:
    """A pack's allowance counts from the day it is active."""
    bss = embedded(tmp_path)
    before = ask(bss, "data_usage")
    order(bss, "k1", "subscribe", service="gprs_200")
    after = ask(bss, "data_usage")
    assert before["left"].of == 0
    assert after["left"].of == (5 << 20) - after["used"].of


@pytest.mark.parametrize(
    ("index", "verb", "args", "word"),
    [
        (0, "subscribe", {"service": "mms_bill"}, "prerequisite_missing"),
        (0, "subscribe", {"service": "call_reminder"}, "prerequisite_missing"),
        (8, "subscribe", {"service": "gprs_5"}, "exclusive_conflict"),
        (2, "subscribe", {"service": "gprs_200"}, "not_eligible"),
        (4, "subscribe", {"service": "fetion"}, "subscriber_suspended"),
        (4, "unsubscribe", {"service": "caller_id"}, "subscriber_suspended"),
        (0, "subscribe", {"service": "gprs"}, "bad_parameter"),
        (0, "subscribe", {"service": "balance_alert"}, "bad_parameter"),
        (0, "subscribe", {}, "bad_parameter"),
        (0, "apply_password", {}, "already_active"),
        (5, "change_password", {}, "not_active"),
        (5, "reset_password", {}, "not_active"),
        (0, "teleport", {}, "bad_parameter"),
        (0, "subscribe", {"service": "easyown_new_a"}, "not_eligible"),
        (8, "subscribe", {"service": "gold_line"}, "not_eligible"),
        (0, "subscribe", {"service": "province_sms_5"}, "not_eligible"),
        (0, "subscribe", {"service": "prepaid_roaming_1"}, "not_eligible"),
        (0, "subscribe", {"service": "unicom_jokes"}, "not_eligible"),
        (0, "redeem", {"amount": "325001"}, "insufficient_balance"),
        (0, "redeem", {"amount": "0"}, "bad_parameter"),
        (0, "redeem", {}, "bad_parameter"),
    ],
)
def test_refusals(tmp_path: Path, index: int, verb: str, args: dict[str, str], word: str) -> None:
    """A rule refuses the quote, and the submit in the same words, and nothing changes."""
    bss = embedded(tmp_path)
    before = ask(bss, "services", index), ask(bss, "balance", index)
    assert bss.quote(verb, who(bss, index), args).result == word
    assert submit(bss, "k1", verb, index, None, **args).result == word
    assert bss.find("k1") == Result(word, raw=bss.quote(verb, who(bss, index), args).raw)
    assert (ask(bss, "services", index), ask(bss, "balance", index)) == before
    assert bss.submit("k2", verb, "", args, None).result == "not_our_subscriber"


def test_a_subscription_from_the_next_cycle(tmp_path: Path) -> None:
    """It is booked for the first of next month, and paid from then."""
    clock = Clock("2026-12-15T12:00:00")
    bss = embedded(tmp_path, clock)
    booked = {"service": "night_talk", "effective": "next_cycle"}
    answer = order(bss, "k1", "subscribe", 8, **booked)
    assert (answer.result, answer.values["from"].of) == ("accepted", "2027-01-01")
    assert ask(bss, "status", 8, service="night_talk")["state"].of == "state_booked"
    assert ask(bss, "balance", 8)["balance"].of == 6000
    assert order(bss, "k2", "subscribe", 8, service="night_talk").result == "already_active"
    clock.set("2027-01-01T00:00:00")
    assert ask(bss, "status", 8, service="night_talk")["state"].of == "state_active"


def test_a_yearly_service_is_billed_once_a_year(tmp_path: Path) -> None:
    """Its price stands on the bill of the month that it began in, and of that month every year."""
    clock = Clock()
    bss = embedded(tmp_path, clock)
    order(bss, "k1", "subscribe", service="broadband_80")
    billed = []
    for local in ("2026-03-20T12:00:00", "2026-04-20T12:00:00", "2027-03-20T12:00:00"):
        clock.set(local)
        billed.append("broadband_80" in names(ask(bss, "bill")))
    assert billed == [True, False, True]


def test_points_become_credit(tmp_path: Path) -> None:
    """A point is a fen; both move in one change."""
    bss = embedded(tmp_path)
    answer = order(bss, "k1", "redeem", amount="1000")
    assert (answer.values["points"].of, answer.values["left"].of) == (1000, 2250)
    assert (ask(bss, "points")["points"].of, ask(bss, "balance")["balance"].of) == (2250, 6860)


def test_what_is_held_is_what_can_be_counted(tmp_path: Path) -> None:
    """An option that is not held has no statement; once held, used and left make its size."""
    bss = embedded(tmp_path)
    assert bss.query("usage", who(bss), {"service": "sms_120"}).result == "not_active"
    assert bss.query("usage", who(bss), {"service": "fetion"}).result == "bad_parameter"
    order(bss, "k1", "subscribe", service="sms_120")
    rows = {name.of: amount.of for name, amount in ask(bss, "usage", service="sms_120")["items"].of}
    assert rows["item_used"] + rows["item_left"] == 120


def test_another_operators_subscribers(tmp_path: Path) -> None:
    """They are there, with plans and services of their own and none of ours."""
    bss = embedded(tmp_path)
    profile = bss.profile("18600138000")
    assert profile is not None
    assert (profile.operator, profile.brand) == ("unicom", "wo")
    items = bss.query("services", profile.subscriber, {}).values["items"].of
    assert [row[0].of for row in items] == ["plan_wo_66", "unicom_jokes", "unicom_stocks"]
    refused = bss.quote("subscribe", profile.subscriber, {"service": "caller_id"})
    assert refused.result == "not_eligible"


def test_balance_alert_takes_and_changes_its_threshold(tmp_path: Path) -> None:
    """Another threshold is a change, the same one is active already."""
    bss = embedded(tmp_path)
    for key, threshold, word in (
        ("k1", "1000", "succeeded"),
        ("k2", "1000", "already_active"),
        ("k3", "2000", "succeeded"),
        ("k4", "2000", "already_active"),
    ):
        answer = order(bss, key, "subscribe", service="balance_alert", threshold=threshold)
        assert answer.result == word
    assert names(ask(bss, "services")).count("balance_alert") == 1


def test_an_order_on_an_old_tariff_is_refused(tmp_path: Path) -> None:
    """When the tariff moves after the quote the submit is quote_changed and costs nothing."""
    bss = embedded(tmp_path)
    quoted = bss.quote("subscribe", who(bss), {"service": "caller_id"}).quote
    bss.set_tariff(Tariff("caller_id", "3", 600, "month", "2026-03-15"))
    answer = submit(bss, "k1", "subscribe", 0, quoted, service="caller_id")
    assert answer.result == "quote_changed"
    assert submit(bss, "k2", "subscribe", 0, None, service="caller_id").result == "quote_changed"
    assert ask(bss, "status", service="caller_id")["state"].of == "state_inactive"
    assert ask(bss, "describe", service="caller_id")["price"].of == 600


def test_a_withdrawn_service_is_no_longer_sold(tmp_path: Path) -> None:
    """From its day on neither described nor sold, while holders keep it and may cancel it."""
    clock = Clock()
    bss = embedded(tmp_path, clock)
    bss.set_tariff(Tariff("fetion", "2", 0, "none", "2026-03-16", withdrawn=True))
    assert bss.query("describe", "", {"service": "fetion"}).result == "succeeded"
    clock.set("2026-03-16T00:00:00")
    assert bss.query("describe", "", {"service": "fetion"}).result == "service_withdrawn"
    assert order(bss, "k1", "subscribe", service="fetion").result == "service_withdrawn"
    assert order(bss, "k2", "unsubscribe", 2, service="fetion").result == "succeeded"


def test_verify_tells_right_from_wrong(tmp_path: Path) -> None:
    """Right, wrong, none set, another operator's."""
    bss = embedded(tmp_path)
    assert bss.verify(number(2), password_of(2)).result == "succeeded"
    assert bss.verify(number(2), password_of(3)).result == "wrong_password"
    assert bss.verify(number(5), password_of(5)).result == "wrong_password"
    assert bss.verify("13000138000", "135246").result == "not_our_subscriber"


def test_shipped_hashes_are_of_the_passwords() -> None:
    """The data file fits the code that made it, and every password may be set."""
    assert len(shipped()) == POOL
    for index in (0, POOL - 1):
        assert matches(shipped()[index], password_of(index))
    for index in range(POOL):
        assert TYPES["new_password"].check(password_of(index), "") == password_of(index)


def test_changing_the_password(tmp_path: Path) -> None:
    """The old one is checked, a weak or equal one refused, the new one verifies."""
    bss = embedded(tmp_path)
    for key, old, new, word in (
        ("k1", "135247", "802413", "wrong_password"),
        ("k2", "135246", "111111", "bad_parameter"),
        ("k3", "135246", "234567", "bad_parameter"),
        ("k4", "135246", "135246", "bad_parameter"),
        ("k5", "135246", "802413", "succeeded"),
    ):
        assert order(bss, key, "change_password", old=old, new=new).result == word
    assert bss.verify(number(0), "135246").result == "wrong_password"
    assert bss.verify(number(0), "802413").result == "succeeded"


@pytest.mark.parametrize(("index", "verb"), [(0, "reset_password"), (5, "apply_password")])
def test_a_new_password_leaves_by_text_only(tmp_path: Path, index: int, verb: str) -> None:
    """After the identity is checked a fresh password is texted; no answer or record has it."""
    texted: list[tuple[str, str]] = []
    bss = embedded(tmp_path, text=lambda to, password: texted.append((to, password)))
    born = next(person.born for n, (person, _) in enumerate(people(index + 1)) if n == index)
    identity = identity_of(index, born)
    assert TYPES["identity"].check(identity, "") == identity
    assert order(bss, "k1", verb, index, identity=identity_of(1, "1980-01-01")).result == (
        "identity_mismatch"
    )
    assert order(bss, "k2", verb, index, identity="123").result == "bad_parameter"
    answer = order(bss, "k3", verb, index, identity=identity)
    assert answer == Result("succeeded", raw="0000")
    [(to, password)] = texted
    assert to == number(index)
    assert bss.verify(number(index), password).result == "succeeded"
    bss.close()
    for file in tmp_path.iterdir():
        assert password.encode() not in file.read_bytes()
        assert identity.encode() not in file.read_bytes()


def test_every_code_s_word_is_in_a_signature() -> None:
    """The BSS answers in no word that no signature has."""
    words = {word for signature in SIGNATURES.values() for word in signature.outcomes}
    assert bss_module._CODES.keys() <= words
