"""`hotline serve`: FastAGI, HTTP, outbox sender, sweeper and reloader in one process.

Of several workers each has all of these but the reloader and the watcher, which the first one has:
they would only say the same N times.
"""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from hotline.house import House
from hotline.httpd import HttpServer
from hotline.ids import uuid7
from hotline.optouts import Respecting
from hotline.reload import Reloader
from hotline.settings import BadSetting, Settings
from hotline.sweep import Sweeper, recover
from hotline.workers import Worker
from ivr.ami import Account, Watcher
from ivr.fastagi import FastAgiServer
from menus.findings import Finding
from sms_commands.sender import LEASE_MS, Outcome, Sender, SendPort

if TYPE_CHECKING:
    from hotline.smpp import SmppDesk

log = logging.getLogger("hotline.serving")
_BATCH = 1  # a crash loses at most the text that was being sent

Say = Callable[[str], None]


class Ports(NamedTuple):
    """The sockets of FastAGI and HTTP, bound: nobody is answered before the house is ready."""

    agi: socket.socket
    http: socket.socket


def bind(host: str, agi_port: int, http_port: int) -> Ports:
    """Takes both ports, 0 = any free one. Raises OSError when one is taken."""
    return Ports(_bound(host, agi_port), _bound(host, http_port))


def _bound(host: str, port: int) -> socket.socket:
    found = socket.socket()
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # after a restart
    found.bind((host, port))
    return found


def _links(house: House) -> dict[str, SendPort]:
    settings = house.settings
    links: dict[str, SendPort] = {}
    if settings.twilio_account and settings.twilio_token:
        from sms_commands.twilio_sms import API, TwilioSender

        links["twilio"] = TwilioSender(
            settings.twilio_account,
            settings.twilio_token,
            base_url=settings.twilio_api or API,
            status_callback=f"{settings.public_url}/twilio/sms/status"
            if settings.public_url
            else "",
        )
    if settings.kannel_sendsms:
        from sms_commands.kannel import LINK, KannelSender

        links[LINK] = KannelSender(settings.kannel_sendsms, settings.kannel_receipts)
    return links


def _desks(house: House) -> list[SmppDesk]:
    if not house.settings.smpp:
        return []
    from hotline.smpp import desks  # the SMPP library is read when there is a link

    return desks(house, lambda outcome: noted(house, outcome))


def noted(house: House, outcome: Outcome) -> Future[None]:
    """Writes what became of a claimed text; done when it is durable."""
    ledger = house.ledger
    if outcome.error:
        return ledger.outbox_failed(
            outcome.outbox, outcome.attempt, outcome.at, outcome.error, outcome.retry_at
        )
    return ledger.outbox_sent(outcome.outbox, outcome.attempt, outcome.at, outcome.provider_id)


def make_sender(house: House, links: dict[str, SendPort], wake: threading.Event) -> Sender:
    """The outbox's sender over the house's ledger."""
    owner = uuid7(house.now())
    return Sender(
        lambda now: house.ledger.outbox_due(now, _BATCH, owner, LEASE_MS, list(links)).result(),
        lambda outcome: noted(house, outcome).result(),
        links,
        house.now,
        wake,
    )


def _watchers(settings: Settings, say: Say) -> list[Watcher]:
    """The watcher of the PBX that HOTLINE_AMI names. Raises BadSetting when it is malformed."""
    if not settings.ami:
        return []
    found = re.fullmatch(r"([^:@]+):([^@]+)@([^:@]+)(?::(\d{1,5}))?", settings.ami)
    if found is None:
        raise BadSetting(
            "HOTLINE_AMI 应为 user:secret@host:port。 HOTLINE_AMI must be user:secret@host:port."
        )
    user, secret, host, port = found.groups()
    words = {"booted": "PBX 已就绪 is ready", "lost": "PBX 联系不上 is away"}
    account = Account(user, secret, host, int(port or 5038))
    return [Watcher(account, on_state=lambda state: say(f"AMI      {words.get(state, state)}"))]


def _helpers(
    house: House, worker: Worker, say: Say, told: Callable[[str, list[Finding]], None]
) -> tuple[Sweeper | Reloader | Watcher, ...]:
    sweeper = Sweeper(house, leads=worker.leads)
    if not worker.leads:
        return (sweeper,)
    reloader = Reloader(house, told, unread=not worker.fresh)
    return sweeper, reloader, *_watchers(house.settings, say)


async def serve(
    house: House,
    ports: Ports,
    worker: Worker,
    say: Say,
    told: Callable[[str, list[Finding]], None],
) -> None:
    """Serves until it is to end, then ends calls cleanly and closes what it opened."""
    settings = house.settings
    stop = asyncio.Event()
    worker.attend(stop)
    opening: Say = say if worker.leads and worker.fresh else lambda _: None
    touched = recover(house) if house.alone else 0
    house.share()
    if touched:
        opening(f"恢复了 {touched} 个未完成的对话。 Recovered {touched} unfinished dialogues.")
    agi = FastAgiServer(house.runner, settings.prompts, bound=ports.agi, apology=house.apology())
    await agi.start()
    opening(f"FastAGI  agi://{settings.host}:{settings.agi_port}/hotline")
    http = HttpServer(house, settings.host, settings.http_port, ports.http)
    http.start()
    opening(f"HTTP     http://{settings.host}:{settings.http_port}/")
    program = sys.argv[0] if Path(sys.argv[0]).name == "hotline" else "hotline"
    opening(f"试一试 Try  {program} sms 13800138000 CXYE")
    opening(f'            {program} call 13800138000 --keys "1 1"')
    desks = _desks(house)
    for desk in desks:
        desk.start()
        opening(f"SMPP     {desk.account.name} → {desk.account.host}:{desk.account.port}")
    wake = threading.Event()
    links = _links(house) | {desk.account.name: desk for desk in desks}
    links = {name: Respecting(link, house) for name, link in links.items()}
    sender = make_sender(house, links, wake)
    outbox = threading.Thread(target=sender.run, name="outbox", daemon=True)
    outbox.start()
    helpers = _helpers(house, worker, say, told)
    for helper in helpers:
        helper.start()
    worker.up()
    try:
        await stop.wait()
    finally:
        if worker.leads:
            say("正在结束… Ending…")
        await agi.close()
        await asyncio.to_thread(http.close)
        for helper in helpers:
            helper.close()
        sender.stop()
        await asyncio.to_thread(outbox.join, 15)
        for desk in desks:
            await desk.close()
