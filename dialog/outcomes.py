"""How a request can end: six outcomes; for failed and refused ones a closed list of reasons.

The record stores the reason, which is what happened. Class (system | operation) and cause are
opinions about it and are derived at report time by reports/causes.yaml.
"""

from __future__ import annotations

SUCCEEDED = "succeeded"  # a query whose answer began to play or was sent; a change that the BSS did
ACCEPTED = "accepted"  # a change that takes effect later
DECLINED = "declined"  # the subscriber said no: not a failure
UNKNOWN = "unknown"  # a change was sent and the BSS did not answer; asked by status, never guessed
FAILED = "failed"
REFUSED = "refused"  # by a rule of the file or of the BSS

OUTCOMES = (SUCCEEDED, ACCEPTED, DECLINED, UNKNOWN, FAILED, REFUSED)
DONE = frozenset((SUCCEEDED, ACCEPTED))

FAILED_REASONS = (
    "backend_error",
    "backend_timeout",
    "prompt_missing",
    "overload",
    "interrupted",
    "internal_error",
    "answer_undelivered",
    "unknown_command",
    "bad_parameter",
    "wrong_password",
    "identity_mismatch",
    "no_input",
    "invalid_key",
    "confirm_timeout",
    "expired",
    "abandoned",
)
REFUSED_REASONS = (
    "not_eligible",
    "already_active",
    "not_active",
    "order_in_progress",
    "prerequisite_missing",
    "exclusive_conflict",
    "insufficient_balance",
    "subscriber_suspended",
    "not_our_subscriber",
    "service_withdrawn",
    "quote_changed",
    "outside_window",
    "roaming",
    "password_locked",
    "rate_limited",
    "unanswerable",
    "bss_closed",
)
REASONS = FAILED_REASONS + REFUSED_REASONS

UNVOICED = frozenset(
    (
        "abandoned",
        "answer_undelivered",
        "expired",
        "interrupted",
        "unanswerable",
        "unknown_command",
    )
)
"""Reasons that no caller can hear: the line is gone, or only a text can meet them."""

UNTEXTED = frozenset(
    (
        "abandoned",
        "answer_undelivered",
        "interrupted",
        "invalid_key",
        "prompt_missing",
        "unanswerable",
    )
)
"""Reasons that no texter can be sent."""

_FAILED = frozenset(FAILED_REASONS)
_REFUSED = frozenset(REFUSED_REASONS)


def outcome_of(word: str) -> tuple[str, str]:
    """Splits a BSS's or engine's word into (outcome, reason).

    >>> outcome_of("already_active")
    ('refused', 'already_active')
    >>> outcome_of("accepted")
    ('accepted', '')

    Raises ValueError for a word that is in neither list.
    """
    if word in _FAILED:
        return FAILED, word
    if word in _REFUSED:
        return REFUSED, word
    if word in OUTCOMES:
        return word, ""
    raise ValueError(f"no such outcome or reason: {word!r}")
