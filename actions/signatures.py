"""Every action that a menus file may name: what it takes, what it gives, how it can end.

The bracketed codes are those of T5, the numeric and pinyin code table; other codes have theirs.
"""

from __future__ import annotations

from collections.abc import Mapping

from dialog.signature import ORDER, QUERY, VERIFY, Signature, Signatures
from dialog.values import COUNT, DATA, DATE, DIGITS, LIST, MONEY, MONTH, NAME, PLACE

_ASKED = ("succeeded", "not_our_subscriber", "bss_closed")
_ORDERED = (
    "succeeded",
    "unknown",
    "order_in_progress",
    "subscriber_suspended",
    "not_our_subscriber",
    "quote_changed",
    "bss_closed",
)
_QUOTED = {"price": MONEY, "cycle": NAME, "effective": NAME}


def _query(
    name: str,
    gives: Mapping[str, str],
    args: Mapping[str, str] | None = None,
    outcomes: tuple[str, ...] = _ASKED,
    optional: tuple[str, ...] = (),
    *,
    subject: bool = True,
) -> Signature:
    return Signature(QUERY, name, args or {}, gives, outcomes, optional, subject=subject)


def _order(
    name: str,
    args: Mapping[str, str],
    refusals: tuple[str, ...],
    gives: Mapping[str, str] | None = None,
    quoted: Mapping[str, str] = _QUOTED,
    optional: tuple[str, ...] = (),
    *,
    priced: bool = False,
) -> Signature:
    outcomes = _ORDERED + refusals
    return Signature(ORDER, name, args, gives or {}, outcomes, optional, quoted, priced=priced)


_ALL = (
    _query("balance", {"balance": MONEY, "spent": MONEY}),  # 101; spent: this month's charge so far
    _query("last_bill", {"month": MONTH, "total": MONEY, "items": LIST}),  # 102; (name, money)
    _query(  # 103; without a month: this month so far
        "bill",
        {"month": MONTH, "total": MONEY, "items": LIST},
        {"month": "month"},
        (*_ASKED, "bad_parameter"),  # older than the five months that are kept
        ("month",),
    ),
    _query("discount_money", {"amount": MONEY}),  # 1041
    _query("discount_usage", {"calls": COUNT, "messages": COUNT, "vnet": COUNT}),  # 1042
    _query("data_usage", {"used": DATA, "left": DATA}),  # 105
    _query(  # 108, T3 LS; (date, money), latest first, of one month where it is asked for
        "payments", {"items": LIST}, {"month": "month"}, (*_ASKED, "bad_parameter"), ("month",)
    ),
    _query(  # T2 14 1401 16; (date, money), latest first
        "records", {"items": LIST}, {"service": "service"}, (*_ASKED, "bad_parameter")
    ),
    _query(  # T1, T4 CX..., T2 1531-1581 1611 4002, T3 YECX; (name, what is used or left)
        "usage",
        {"items": LIST},
        {"service": "service"},
        (*_ASKED, "not_active", "bad_parameter"),
    ),
    _query(  # T2 4003
        "long_number", {"number": DIGITS}, {"short": "short_number"}, (*_ASKED, "bad_parameter")
    ),
    _query("products", {"brand": NAME, "plan": NAME, "monthly": MONEY}),  # 201
    _query("services", {"items": LIST}),  # 202; (name,), the plan first, so never empty
    _query("validity", {"until": DATE}),  # 204
    _query("credit", {"credit": MONEY}),  # 205; the credit limit
    _query(  # 206
        "home_location",
        {"place": PLACE},
        {"number": "phone"},
        ("succeeded", "bad_parameter", "bss_closed"),
        subject=False,
    ),
    _query("points", {"points": COUNT}),  # 207
    _query(  # 1064 1076 3014 3024 3039 3044; items of a family: (name, state)
        "status",
        {"state": NAME, "since": DATE, "items": LIST},
        {"service": "service"},
        (*_ASKED, "bad_parameter"),
    ),
    _query(  # 1063 1075 2034 2103 3013 3023 30381-30386 3043
        "describe",
        {"name": NAME, "price": MONEY, "cycle": NAME},
        {"service": "service"},
        ("succeeded", "bad_parameter", "service_withdrawn", "bss_closed"),
        subject=False,
    ),
    _order(  # 1061 1071 1073 2101 3011 3021 3031-3036 3041 3051
        "subscribe",
        {"service": "service", "threshold": "yuan", "effective": "effective"},
        (
            "accepted",
            "already_active",
            "prerequisite_missing",
            "exclusive_conflict",
            "insufficient_balance",
            "not_eligible",
            "service_withdrawn",
            "bad_parameter",
        ),
        {"from": DATE},
        optional=("threshold", "effective"),  # balance_alert only; next_cycle (T2 1622 1682)
        priced=True,
    ),
    _order(  # 1062 1072 1074 2102 3012 3022 3037 3042 3052; a family's `targets` and `cancelled`
        "unsubscribe",
        {"service": "service"},
        ("not_active", "bad_parameter"),
        {"cancelled": LIST},  # (name,)
        {**_QUOTED, "targets": LIST},  # (name,)
    ),
    _order(  # T6a DJ; points for credit
        "redeem",
        {"amount": "yuan"},
        ("insufficient_balance", "bad_parameter"),
        {"points": COUNT, "left": COUNT},  # taken, and still there
    ),
    _order(  # 2031; the new password comes by SMS from the BSS
        "apply_password",
        {"identity": "identity"},
        ("already_active", "identity_mismatch", "bad_parameter"),
    ),
    _order(  # 2032
        "change_password",
        {"old": "password", "new": "new_password"},
        ("not_active", "wrong_password", "bad_parameter"),
    ),
    _order(  # 2033; the new password comes by SMS from the BSS
        "reset_password",
        {"identity": "identity"},
        ("not_active", "identity_mismatch", "bad_parameter"),
    ),
    Signature(
        VERIFY,
        "subscriber",
        {"number": "phone", "password": "password"},
        {},
        ("succeeded", "wrong_password", "not_our_subscriber", "bss_closed"),
        subject=False,
    ),
)

SIGNATURES: Signatures = {(signature.kind, signature.name): signature for signature in _ALL}
"""By (kind, name)."""
