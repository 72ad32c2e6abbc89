"""`hotline call` and `hotline sms`: a caller's and a texter's view, recorded as rehearsal."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import click

from dialog.host import Reply
from dialog.transcript import Closed, Transcript
from dialog.turn import Collect
from hotline.commands.common import number, open_house, placed, settings
from hotline.commands.playing import moment, number_called, part
from hotline.house import House, clock
from hotline.ids import uuid7
from hotline.rehearse import HANG_UP, NOTHING, Rehearsal, caller_of, keyed
from ledger import records

_LINK = "terminal"
_LEG = "agent:"
_ITEM = re.compile(r"[0-9*#]+x?|-|\^?x|agent:(answered|busy|no_answer|failed)")


@click.command(short_help="演练一条短信。 Rehearse a text.")
@click.argument("subscriber", metavar="NUMBER", callback=number)
@click.argument("text", nargs=-1, required=True)
@click.option("--to", "called", help="发往的号码。 The number texted (default: the site's first).")
@click.option(
    "--book", help="扮作持有这本代码表的用户。 As one who has the leaflet of this codebook."
)
@click.option("--brand", help="扮作这个品牌的用户。 As a subscriber of this brand.")
@click.option(
    "--at",
    metavar="TIME",
    help="演练另一天，如 2009-11-30T18:30：按那时的规定办。 Another day: its dated rules hold.",
)
@click.option("--json", "as_json", is_flag=True, help="输出对话记录。 Print a transcript.")
@placed
def sms(
    subscriber: str,
    text: tuple[str, ...],
    called: str | None,
    book: str | None,
    brand: str | None,
    at: str | None,
    as_json: bool,
    site: Path | None,
    home: Path | None,
) -> None:
    """以 NUMBER 的身份发送短信 TEXT，显示回复与结果。

    Send TEXT as NUMBER, show the reply and the outcome. Example: hotline sms 13800138000 CXYE
    """
    with open_house(settings(site, home)) as house:
        to, profile = part(house, subscriber, called, book, brand)
        received = 0 if at is None else moment(at, house.versions.serving().zone)
        origin = caller_of(subscriber, to, "text", _LINK)
        rehearsal = Rehearsal(house.runner, origin, f"{_LINK}:{uuid7(clock())}", clock)
        body, begun = " ".join(text), clock()
        reply = rehearsal.text(body, profile, received)
        _carried(house, rehearsal)
        if as_json:
            _print_json(house, rehearsal, reply)
            return
        who = subscriber or "?"
        click.echo(f"{click.style(f'{who} → {to}', dim=True)}  {body}")
        click.echo(f"{click.style(f'{to} → {who}', fg='green')}  {reply.text}")
        _print_outcomes(_closed(house, reply.session, begun))


@click.command(short_help="演练一次通话。 Rehearse a call.")
@click.argument("subscriber", metavar="NUMBER", callback=number)
@click.option("--keys", help="每项应答一次：数字、- 不按、x 挂断。 Each item answers one wait.")
@click.option("--to", "called", help="拨打的号码。 The number called (default: the site's first).")
@click.option("--json", "as_json", is_flag=True, help="输出对话记录。 Print a transcript.")
@placed
def call(
    subscriber: str,
    keys: str | None,
    called: str | None,
    as_json: bool,
    site: Path | None,
    home: Path | None,
) -> None:
    """以 NUMBER 的身份拨打热线；不带 --keys 时在终端按键。

    Call the hotline as NUMBER (- withholds it). Without --keys you press the keys yourself: type
    them and Enter; Enter alone lets the time run out; x hangs up.

    Example: hotline call 13800138000 --keys "1 1"
    """
    items = None if keys is None else _items(keys)
    legs = [item.removeprefix(_LEG) for item in items or () if item.startswith(_LEG)]
    items = None if items is None else [item for item in items if not item.startswith(_LEG)]
    if as_json and items is None:
        raise click.UsageError('--json 需要 --keys，例如 --keys "1 1"。 --json needs --keys.')
    with open_house(settings(site, home)) as house:
        to = number_called(house, called)
        origin = caller_of(subscriber, to, "voice", _LINK)
        name = f"{_LINK}:{uuid7(clock())}"
        rehearsal = Rehearsal(house.runner, origin, name, clock, legs=legs)
        if items is None:
            _converse(house, rehearsal)
        else:
            keyed(rehearsal, items)
            if not as_json:
                for heard in rehearsal.heard:
                    _print_heard(house, heard.given, heard.replies)
        session = rehearsal.heard[-1].replies[-1]
        if as_json:
            _print_json(house, rehearsal, session)
        else:
            _print_outcomes(_closed(house, session.session))
            _print_loss(house, session.session)


def _items(keys: str) -> list[str]:
    items = keys.split()
    for item in items:
        if not _ITEM.fullmatch(item):
            raise click.BadParameter(
                f"{item!r} 不是按键；只能用 0-9 * #、-、x、agent:busy 等，空格分开。"
                " Not keys: use 0-9 * #, -, x or agent:busy, with blanks between.",
                param_hint="--keys",
            )
    return items


def _converse(house: House, rehearsal: Rehearsal) -> None:
    reply = rehearsal.dial()
    shown = 0
    while True:
        for heard in rehearsal.heard[shown:]:
            _print_heard(house, heard.given if shown else "", heard.replies)
        shown = len(rehearsal.heard)
        if rehearsal.over:
            return
        reply = _turn(rehearsal, reply)


def _turn(rehearsal: Rehearsal, reply: Reply) -> Reply:
    secret = isinstance(reply.then, Collect) and reply.then.secret
    try:
        typed = click.prompt(
            click.style("⌨", fg="cyan"), default="", show_default=False, hide_input=secret
        ).strip()
    except click.exceptions.Abort:
        click.echo()
        typed = HANG_UP
    if typed not in ("", HANG_UP) and not set(typed) <= set("0123456789*#"):
        click.secho("请输入 0-9 * #，或 x 挂断。 Use 0-9 * #, or x to hang up.", fg="yellow")
        return reply
    return rehearsal.press(typed or NOTHING)


def _print_heard(house: House, given: str, replies: tuple[Reply, ...]) -> None:
    if given:
        click.secho(f"⌨ {given}", fg="cyan")
    for reply in replies:
        for text in house.runner.written(reply).splitlines():
            click.echo(f"{click.style('☎', fg='green')} {text}")


def _carried(house: House, rehearsal: Rehearsal) -> None:
    """The terminal is the link: it has shown the reply, so nobody sends it again."""
    house.ledger.outbox_carry(f"{rehearsal.dialogue}:1", clock()).result()


def _closed(house: House, session: str, since: int = 0) -> list[Closed]:
    """What was opened or closed since then (UTC ms)."""
    found = []
    requests = sorted(house.ledger.rows(records.Request, session=session), key=lambda r: r.n)
    for request in requests:
        closing = house.ledger.rows(records.Closing, request=request.id)
        if request.at < since and not (closing and closing[0].at >= since):
            continue
        result = (closing[0].reason or closing[0].outcome) if closing else "open"
        found.append(Closed(request.leaf, result))
    return found


def _print_outcomes(closed: list[Closed]) -> None:
    for leaf, result in closed:
        colour = {"succeeded": "green", "accepted": "green", "open": "yellow"}.get(result, "red")
        click.echo(f"{click.style(result, fg=colour)}  {leaf}")


def _print_loss(house: House, session: str) -> None:
    for end in house.ledger.rows(records.CallEnd, session=session):
        if not end.leaves:
            how = "agent" if end.agent else end.by
            click.echo(f"{click.style('pre_leaf', fg='red')}  {how}")


def _print_json(house: House, rehearsal: Rehearsal, last: Reply) -> None:
    click.echo(json.dumps(transcript(house, rehearsal, last).json(), ensure_ascii=False, indent=2))


def transcript(house: House, rehearsal: Rehearsal, last: Reply) -> Transcript:
    """What was played, as a transcript."""
    origin: Any = rehearsal.origin
    heard = rehearsal.heard
    return Transcript(
        origin.channel,
        origin.caller,
        origin.called,
        tuple(h.given for h in heard if h.given),
        tuple(h.lines for h in heard),
        tuple(_closed(house, last.session)),
        getattr(last.then, "reason", ""),
    )
