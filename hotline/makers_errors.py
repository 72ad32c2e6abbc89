"""Maker of the report on error prompts: which text each reason and each wrong entry has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hotline.reporting import Context
from menus.model import Action, Field, Form, Menu, Model, Node, Text
from menus.template import Slot, Template
from nodes.telling import text_of
from reports import errors as error_report
from reports.layout import Report, Unanswerable, both


def errors(context: Context) -> Report:
    """The prompts of the version that serves, or of the one asked for."""
    wanted = context.where().get("digest")
    model = context.model(wanted) if wanted else context.serving()
    if model is None:
        raise Unanswerable(
            both(
                "没有可用的菜单版本：请先运行 hotline check。",
                "No menus version: run hotline check.",
            )
        )
    if context.asked.options["tries"]:
        return error_report.slips(
            context.visits(error_report.VISITS),
            context.basis,
            list(_after_tries(model)),
            languages=model.languages,
            version=model.digest,
        )
    return error_report.errors(
        context.counts(error_report.NEEDS),
        context.causes,
        context.basis,
        list(_prompts(model)),
        languages=model.languages,
        version=model.digest,
    )


# -- how a request ends ----------------------------------------------------------------------------


def _prompts(model: Model) -> Iterator[error_report.Prompt]:
    for reason, text in model.outcomes.items():
        yield _prompt(reason, model.texts[text])
    for node in model.nodes.values():
        if isinstance(node, Action):
            for reason, text in node.on.items():
                yield _prompt(reason, model.texts[text], node.id)


def _prompt(reason: str, text: Text, node: str = "") -> error_report.Prompt:
    voice, sms = (
        {language: _written(template) for language, template in wordings.items()}
        for wordings in (text.voice, text.sms)
    )
    return error_report.Prompt(reason, text.id, voice, sms, node)


def _written(template: Template) -> str:
    """As it stands in the file."""
    return "".join(f"{{{part.name}}}" if isinstance(part, Slot) else part for part in template)


# -- what is said after a wrong entry --------------------------------------------------------------


def _after_tries(model: Model) -> Iterator[error_report.Again]:
    for node in model.nodes.values():
        for reason, texts in _texts(model, node).items():
            known = tuple(dict.fromkeys(text for text in texts if text in model.texts))
            wording = {
                language: " / ".join(
                    _written(model.texts[text].voice.get(language, ())) for text in known
                )
                for language in model.languages
            }
            yield error_report.Again(reason, node.id, known, wording)


def _texts(model: Model, node: Node) -> dict[str, tuple[str, ...]]:
    """By reason the texts that nodes/ say after an attempt that went wrong."""
    no_input, no_match = node.tries.no_input, node.tries.no_match
    match node:
        case Menu():
            return {"no_input": no_input, "invalid_key": no_match}
        case Form():
            return {"no_input": no_input, "bad_parameter": _faults(node.fields)}
        case Action():
            gate = (*model.faults.get("phone", {}).values(), *model.faults["password"].values())
            found = {
                "no_input": no_input,
                "bad_parameter": (*_faults(node.fields), *gate),
                "wrong_password": (text_of(model, node, "wrong_password"),),
            }
            if node.confirm:
                again, silent = (
                    model.words[word] for word in ("confirm_again", "confirm_no_input")
                )
                found |= {"invalid_key": (again,), "no_input": (*no_input, silent)}
            return found
    return {}


def _faults(fields: Iterable[Field]) -> tuple[str, ...]:
    return tuple(text for field in fields for text in field.faults.values())
