"""`for:` and `valid:`: whom and when a part of the file is meant for."""

from __future__ import annotations

from dialog.events import Profile
from menus.model import Filter


def admits(rule: Filter, called: str, profile: Profile | None, at_ms: int) -> bool:
    """Whether the rule lets a subscriber pass at a time (UTC ms).

    Without a profile the rules about the subscriber let nobody pass.
    """
    return somebody(rule, called, at_ms) and _fits(rule, profile)


def somebody(rule: Filter, called: str, at_ms: int) -> bool:
    """Whether the rule lets anybody pass who calls this number at a time (UTC ms)."""
    if rule.valid_from and at_ms < rule.valid_from:
        return False
    if rule.valid_to and at_ms >= rule.valid_to:
        return False
    return not rule.called or called in rule.called


def _fits(rule: Filter, profile: Profile | None) -> bool:
    if not (rule.operator or rule.brand or rule.province or rule.tier or rule.roaming):
        return True
    return profile is not None and (
        (not rule.operator or profile.operator in rule.operator)
        and (not rule.brand or profile.brand in rule.brand)
        and (not rule.province or profile.province in rule.province)
        and (not rule.tier or profile.tier in rule.tier)
        and (not rule.roaming or profile.roaming in rule.roaming)
    )


_PARTS = ("called", "operator", "brand", "province", "tier", "roaming")


def overlap(one: Filter, other: Filter) -> bool:
    """Whether some subscriber may pass both at some time."""
    for part in _PARTS:
        mine, theirs = getattr(one, part), getattr(other, part)
        if mine and theirs and not mine & theirs:
            return False
    starts = max(one.valid_from, other.valid_from)
    ends = [end for end in (one.valid_to, other.valid_to) if end]
    return not ends or starts < min(ends)


def both(one: Filter, other: Filter) -> Filter | None:
    """The rule that passes who passes both, or None when nobody does."""
    if not overlap(one, other):
        return None
    parts = {}
    for part in _PARTS:
        mine, theirs = getattr(one, part), getattr(other, part)
        parts[part] = mine & theirs if mine and theirs else mine or theirs
    ends = [end for end in (one.valid_to, other.valid_to) if end]
    return Filter(
        **parts,
        valid_from=max(one.valid_from, other.valid_from),
        valid_to=min(ends) if ends else 0,
    )
