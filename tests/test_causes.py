"""The table of causes: what each reason means, and that a bad table is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from dialog.outcomes import FAILED_REASONS, REFUSED_REASONS
from reports.causes import SHIPPED, TRAFFIC, BadCausesError, load

CAUSES = load()


@pytest.mark.parametrize(
    ("reason", "guided", "traffic", "of", "cause"),
    [
        # running out of tries at a prompt
        ("no_input", True, "real", "system", "guidance"),
        ("no_input", False, "real", "system", "guidance"),
        ("invalid_key", True, "real", "system", "guidance"),
        # backing out after errors or repeats, and the plain hang-up
        ("abandoned", True, "real", "system", "guidance"),
        ("abandoned", False, "real", "operation", "hung_up"),
        ("confirm_timeout", True, "real", "system", "guidance"),
        ("confirm_timeout", False, "real", "operation", "unconfirmed"),
        # a test call that followed its script without a system fault
        ("abandoned", False, "dialtest", "system", "guidance"),
        ("confirm_timeout", False, "dialtest", "system", "guidance"),
        ("wrong_password", False, "dialtest", "operation", "credentials"),
        ("backend_error", False, "dialtest", "system", "backend"),
        ("prompt_missing", False, "dialtest", "system", "audio"),
        # the subscriber's own
        ("wrong_password", True, "real", "operation", "credentials"),
        ("identity_mismatch", False, "real", "operation", "credentials"),
        ("bad_parameter", False, "real", "operation", "parameter"),
        ("unknown_command", False, "real", "operation", "unknown_code"),
        ("expired", False, "real", "operation", "late"),
        # the system's
        ("backend_error", False, "real", "system", "backend"),
        ("backend_timeout", True, "real", "system", "backend"),
        ("unknown", False, "real", "system", "backend"),
        ("overload", False, "real", "system", "capacity"),
        ("prompt_missing", False, "real", "system", "audio"),
        ("answer_undelivered", False, "real", "system", "delivery"),
        ("interrupted", False, "real", "system", "internal"),
        ("internal_error", False, "real", "system", "internal"),
    ],
)
def test_a_failure_has_its_class_and_cause(
    reason: str, guided: bool, traffic: str, of: str, cause: str
) -> None:
    """The shipped table says of each reason what the design says of it."""
    found = CAUSES.failure(reason, guided=guided, traffic=traffic)
    assert (found.of.id, found.cause.id) == (of, cause)


@pytest.mark.parametrize(
    ("reason", "guided", "of", "cause"),
    [
        ("caller", True, "system", "guidance"),
        ("agent", True, "system", "guidance"),
        ("agent", False, "operation", "opt_out"),
        ("caller", False, "operation", "hung_up"),
        ("network", False, "system", "internal"),
    ],
)
def test_a_loss_has_its_class_and_cause(reason: str, guided: bool, of: str, cause: str) -> None:
    """A call that ended before any leaf is guidance, opt-out or a hang-up."""
    found = CAUSES.loss(reason, guided=guided, traffic="real")
    assert (found.of.id, found.cause.id) == (of, cause)


@pytest.mark.parametrize("traffic", TRAFFIC)
@pytest.mark.parametrize("guided", [False, True])
def test_every_reason_is_covered(guided: bool, traffic: str) -> None:
    """Every failed reason is system or operation, every refused one rule, in all traffic."""
    for reason in FAILED_REASONS:
        found = CAUSES.failure(reason, guided=guided, traffic=traffic)
        assert found.of.id in ("system", "operation")
    for reason in REFUSED_REASONS:
        assert CAUSES.refusal(reason).of.id == "rule"


def test_the_quality_circles_words() -> None:
    """The circle's symptom and classes are named as its report names them."""
    found = CAUSES.failure("no_input", guided=True, traffic="real")
    assert (found.cause.chinese, found.of.chinese) == ("自助语音引导性差", "系统原因")


def test_a_reason_outside_the_lists_is_loud() -> None:
    """A word that is no reason raises instead of falling under some cause."""
    with pytest.raises(ValueError, match="nothing covers 'agent_away'"):
        CAUSES.failure("agent_away", guided=False, traffic="real")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('version: "1"', "version: ", "version: a text is needed"),
        ('version: "1"', "", "missing: version"),
        ('version: "1"', 'version: "1"\nnotes: x', "unknown: notes"),
        ('version: "1"', 'version: "1"\nversion: "2"', "twice in one place: version"),
        ("overload", "overlode", "no such reason: overlode"),
        ("{reason: [overload], cause: capacity}", "{cause: capacity}", "leave nothing to it"),
        ("reason: [overload]", "reason: overload", "reason is a list"),
        ("cause: capacity", "cause: capacities", "no such cause: capacities"),
        ("cause: capacity", "cause: backend", "no rule leads to: capacity"),
        ("cause: capacity", "cause: hours", "class rule is for refusals"),
        ("[overload], cause", "[overload], guided: maybe, cause", "guided is yes or no"),
        ("[overload], cause", "[overload], guided: yes, cause", "no row covers overload"),
        ("[overload], cause", "[overload], when: now, cause", "unknown: when"),
        ("[dialtest]", "[dialtests]", "no such traffic: dialtests"),
        ("{class: system, zh-CN: 系统容量不足, en: capacity}", "{class: system, en: x}", "zh-CN"),
        (
            "{class: system, zh-CN: 系统容量不足",
            "{class: sys, zh-CN: 系统容量不足",
            "no such class",
        ),
        ("losses:", "losses: [", "causes.yaml"),
    ],
)
def test_a_bad_table_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    """Each mistake in the table is one clear sentence and no report is made with it."""
    shipped = SHIPPED.read_text(encoding="utf-8")
    assert old in shipped
    path = tmp_path / "causes.yaml"
    path.write_text(shipped.replace(old, new), encoding="utf-8")
    with pytest.raises(BadCausesError, match=message):
        load(path)


def test_a_missing_table_is_refused(tmp_path: Path) -> None:
    """A path that is not there is named."""
    with pytest.raises(BadCausesError, match=r"gone\.yaml can't be read"):
        load(tmp_path / "gone.yaml")
