"""transfer: to an agent, and back when none is free."""

from __future__ import annotations

from dialog.events import TransferEnded
from dialog.turn import Transfer
from menus.model import TransferNode
from nodes.step import Step


def enter(step: Step, node: TransferNode) -> None:
    """Says where the call goes and hands it over. A text can't be handed over: it ends."""
    step.say(node.say)
    step.stage = "transfer"
    step.agent = True
    if step.voice:
        step.then = Transfer(node.topic)
    else:
        step.end("done")


def ended(step: Step, node: TransferNode, event: TransferEnded) -> None:
    """After an answered leg the call is done; else the caller hears why and goes on."""
    if event.status == "answered":
        step.end("done")
        return
    step.say(node.busy.get(event.status, ""))
    step.go(node.next)
