"""The population's parameters, all of them, as data: what is planted, for reports to find again.

Shares and chances are between 0 and 1, weights of a mapping need not add up to anything. A target
is what somebody wants: a choice's node and constants (`balance`, `enable/caller_id`, `bill_month`),
or a wrap-up code that has no self-service yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

DEMAND: Mapping[str, float] = {
    # bills and charges
    "balance": 21, "last_bill": 4.5, "bill": 5, "bill_month": 1.5, "discount_money": 0.8,
    "discount_usage": 4, "data_usage": 10, "enable_alert/balance_alert": 1.0,
    "disable/balance_alert": 0.4, "describe/balance_alert": 0.2, "status/balance_alert": 0.2,
    "enable/sms_bill": 0.7, "disable/sms_bill": 0.4, "enable/mms_bill": 0.3,
    "disable/mms_bill": 0.2, "describe/e_bill": 0.1, "status/e_bill": 0.2, "payments": 3.5,
    # account and password
    "products": 2.5, "services": 5, "apply_password": 0.8, "change_password": 1.3,
    "reset_password": 2.4, "describe/service_password": 0.1, "validity": 2.6, "credit": 0.7,
    "home_location": 0.5, "points": 5, "enable/my10086": 0.3, "disable/my10086": 0.2,
    "describe/my10086": 0,
    # services
    "enable/caller_id": 1.6, "disable/caller_id": 0.6, "describe/caller_id": 0.2,
    "status/caller_id": 0.3, "enable/ringback": 1.2, "disable/ringback": 3.2,
    "describe/ringback": 0.2, "status/ringback": 0.3, "enable/gprs_std": 0.2,
    "enable/gprs_5": 2.0, "enable/gprs_20": 2.2, "enable/gprs_50": 0.9, "enable/gprs_100": 0.3,
    "enable/gprs_200": 0.1, "disable/gprs": 2.0, "describe/gprs_std": 0.1, "describe/gprs_5": 0.3,
    "describe/gprs_20": 0.4, "describe/gprs_50": 0.2, "describe/gprs_100": 0.1,
    "describe/gprs_200": 0, "status/gprs": 1.4, "enable/call_reminder": 0.6,
    "disable/call_reminder": 0.4, "describe/call_reminder": 0.1, "status/call_reminder": 0.1,
    "enable/fetion": 0.2, "disable/fetion": 0.7,
    "another": 0.6,
}  # fmt: skip
"""What people want, of the shipped site: its leaves by their targets. Two nobody wants."""

USUAL = 0.5
"""The weight of a target that the demand does not name: another site's."""


class Demand(NamedTuple):
    """Who wants what, and how that moves."""

    weights: Mapping[str, float] = DEMAND
    off_menu: Mapping[str, float] = {
        "XX03": 1.2, "XX02": 0.7, "XX06": 0.6, "XX04": 0.4, "XX01": 0.3, "XX05": 0.3, "XX07": 0.2,
    }  # fmt: skip
    """Wrap-up codes that no leaf serves: their callers find nothing in any menu."""
    trend: Mapping[str, float] = {"enable/gprs_20": 1.9, "points": 0.7}
    """By how much a topic grows in 30 days; the others stay as they are."""
    bill_day: Mapping[str, float] = {"balance": 2, "last_bill": 4, "bill": 2, "payments": 1.5}
    """By how much more is asked on the first day of a month."""
    second: float = 0.12  # a caller wants another thing, too


class Calendar(NamedTuple):
    """When people call and text."""

    hours: tuple[float, ...] = (
        1, 0.5, 0.3, 0.3, 0.4, 1, 2.5, 5, 8, 10, 10.5, 9,
        7, 7, 8, 8.5, 8, 7, 6.5, 7, 6.5, 5, 3.5, 2,
    )  # fmt: skip
    weekdays: tuple[float, ...] = (1.12, 1.06, 1.03, 1.02, 1.05, 0.88, 0.84)  # Monday first
    bill_day: float = 1.7  # the first day of a month
    noise: float = 0.04  # days differ by so much for no reason (standard deviation)
    texts: float = 0.3  # text dialogues for each call


class People(NamedTuple):
    """Who they are."""

    each: float = 12.0  # subscribers for each call of a day
    heavy: float = 1.6  # Pareto exponent of their call rates: the smaller, the heavier the tail
    regulars: float = 0.3  # know the keys of what they usually want by heart
    habits: float = 0.8  # how often a regular wants the usual
    english: float = 0.02
    abroad: float = 0.01
    brands: Mapping[str, float] = {"gotone": 30, "easyown": 50, "mzone": 20}
    tiers: Mapping[str, float] = {"": 55, "silver": 22, "gold": 15, "diamond": 7, "supreme": 1}
    province: str = "shanxi"


class Patience(NamedTuple):
    """How long somebody listens before hanging up: exponential, with a hard tail."""

    mean_s: float = 400.0
    hurried: float = 0.05  # have no more time than `hurried_s`, whatever they hear
    hurried_s: tuple[float, float] = (12.0, 40.0)
    longest_s: float = 600.0


class Keys(NamedTuple):
    """How people find their way by key."""

    reaction_ms: tuple[int, int] = (250, 1100)
    recognise: float = 0.97  # an option that leads to what is wanted is taken for it
    hard: Mapping[str, float] = {
        "label_discount": 0.7, "label_validity": 0.85, "label_e_bill": 0.85, "label_alert": 0.85,
        "label_my10086": 0.7, "label_credit": 0.75,
    }  # fmt: skip
    """Labels (text ids) whose wording is understood less often."""
    misled: float = 0.004  # an option heard on the way is taken for the right one
    wrong_key: float = 0.008
    silent: float = 0.010  # does nothing in time, though it was understood
    lost: Mapping[str, float] = {"again": 40, "guess": 15, "silent": 10, "agent": 20, "leave": 15}
    """What those do who heard all options and found none."""
    back: float = 0.7  # goes back where nothing fits because of a wrong turn
    seekers: float = 0.035  # want a person and nothing else
    knows_agent: float = 0.6  # of those: know the key and do not listen
    trouble: Mapping[str, float] = {"leave": 55, "again": 25, "agent": 20}
    """What those do whose request was not done."""
    polite: float = 0.12  # stays on the line when all is done
    digit_ms: int = 450


class Entries(NamedTuple):
    """How people answer questions."""

    bad: float = 0.05  # an entry that does not fit its field
    wrong_password: float = 0.12
    silent: float = 0.02
    quick: float = 0.2  # of a regular: keys it without listening
    confirm: Mapping[str, float] = {"yes": 86, "no": 9, "silent": 3, "wrong": 2}


class Texts(NamedTuple):
    """How people text."""

    typo: float = 0.03
    unknown: float = 0.03  # asks in words
    words: Mapping[str, tuple[str, ...]] = {
        "": ("人工", "你好", "怎么办理"),
        "balance": ("查话费", "余额", "话费还有多少"), "last_bill": ("上月账单",),
        "bill": ("账单", "查账单"), "bill_month": ("以前的账单",), "data_usage": ("流量", "查流量"),
        "discount_usage": ("剩余分钟",), "payments": ("缴费记录",), "products": ("我的套餐",),
        "services": ("开通了什么业务",), "reset_password": ("密码忘了", "忘记密码"),
        "change_password": ("改密码",), "validity": ("有效期",), "credit": ("信用度",),
        "points": ("积分", "查积分"), "enable/caller_id": ("来电显示",),
        "enable/ringback": ("彩铃",), "disable/ringback": ("取消彩铃", "不要彩铃"),
        "disable/gprs": ("取消流量",), "enable/call_reminder": ("来电提醒",),
        "enable/fetion": ("飞信",), "disable/fetion": ("取消飞信",),
        "XX01": ("停机保号",), "XX02": ("补卡", "换卡"), "XX03": ("国际漫游", "开通漫游"),
        "XX04": ("开发票",), "XX05": ("怎么充值",), "XX06": ("没信号",), "XX07": ("垃圾短信",),
    }  # fmt: skip
    """What those text who ask in words, by what they want; "" = of anything else."""
    menus: float = 0.06  # texts a menu's code and picks from the list
    bad: float = 0.08  # of codes with something to fill in: left out or wrong
    think_s: tuple[float, float] = (6.0, 60.0)
    confirm: Mapping[str, float] = {"yes": 80, "no": 9, "silent": 8, "wrong": 3}
    pick: float = 0.93  # answers a list or a question


class Faults(NamedTuple):
    """What goes wrong in the BSS, which is a stand-in here."""

    latency_ms: tuple[float, float] = (350.0, 0.6)  # median, sigma of the logarithm
    slow: float = 0.02
    slow_ms: tuple[int, int] = (2600, 6500)
    error: float = 0.004
    timeout: float = 0.003
    unknown: float = 0.012  # of orders sent: no answer came
    settled_h: tuple[float, float] = (0.1, 10.0)  # until the BSS tells after all
    never: float = 0.15  # of those older than a week: it never does
    refused: Mapping[str, float] = {
        "already_active": 0.05, "not_active": 0.06, "insufficient_balance": 0.02,
        "prerequisite_missing": 0.01, "not_eligible": 0.008, "subscriber_suspended": 0.006,
        "exclusive_conflict": 0.006, "identity_mismatch": 0.07,
    }  # fmt: skip
    """Of the orders that can end so. An identity that does not fit is a failure."""
    accepted: float = 0.08  # of those that can take effect later
    outage_days: tuple[int, ...] = (5, 66)  # of the span, from 0
    outage_hours: tuple[int, int] = (10, 14)
    outage: Mapping[str, float] = {"error": 45, "timeout": 45, "well": 10}


class Agents(NamedTuple):
    """What becomes of those who ask for an agent. No PBX is behind it."""

    ends: Mapping[str, float] = {"answered": 86, "busy": 8, "no_answer": 4, "failed": 2}
    gives_up: float = 0.06  # hangs up in the queue
    queue_s: tuple[float, float] = (3.0, 60.0)
    talk_s: tuple[float, float] = (150.0, 0.7)  # median, sigma of the logarithm


class Again(NamedTuple):
    """Repeat contacts: whose request came to nothing tries again."""

    share: float = 0.4
    most: int = 2
    hours: float = 3.0  # mean of the time between, exponential
    same_channel: float = 0.75


class Parameters(NamedTuple):
    """Everything that is planted."""

    demand: Demand = Demand()
    calendar: Calendar = Calendar()
    people: People = People()
    patience: Patience = Patience()
    keys: Keys = Keys()
    entries: Entries = Entries()
    texts: Texts = Texts()
    faults: Faults = Faults()
    agents: Agents = Agents()
    again: Again = Again()


def planned(
    wanted: Mapping[str, float], patience_s: float | None, regulars: float | None
) -> Parameters:
    """The usual people, but for what is given: weights by target, mean patience, who knows keys."""
    usual = Parameters()
    weights = {**usual.demand.weights, **wanted}
    patience, people = usual.patience, usual.people
    if patience_s is not None:
        patience = patience._replace(mean_s=patience_s)
    if regulars is not None:
        people = people._replace(regulars=regulars)
    return usual._replace(
        demand=usual.demand._replace(weights=weights), patience=patience, people=people
    )
