"""`hotline serve`."""

from __future__ import annotations

import gc
import logging
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from actions.port import Drops
from hotline.commands.common import open_house, placed, settings, show_findings
from menus.findings import Finding

if TYPE_CHECKING:
    from hotline.serving import Ports
    from hotline.settings import Settings
    from hotline.workers import Worker


def _usable(_context: click.Context, _option: click.Parameter, core: int | None) -> int | None:
    """A core that this process may run on."""
    usable = sorted(os.sched_getaffinity(0))
    if core is not None and core not in usable:
        cores = ", ".join(map(str, usable))
        raise click.BadParameter(f"可用的核 cores to choose from: {cores}")
    return core


@click.command(short_help="启动热线。 Serve calls and texts.")
@click.option("--host", default="127.0.0.1", show_default=True, help="监听地址。 Address.")
@click.option(
    "--agi-port",
    type=click.IntRange(0, 65535),
    default=4573,
    show_default=True,
    help="FastAGI 端口，0 为任意。 FastAGI port, 0 = any free one.",
)
@click.option(
    "--http-port",
    type=click.IntRange(0, 65535),
    default=8086,
    show_default=True,
    help="HTTP 端口。 HTTP port.",
)
@click.option(
    "--bss-faults",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="给内置 BSS 注入故障的脚本。 Faults for the embedded BSS.",
)
@click.option(
    "--bss-drops",
    type=click.Choice(get_args(Drops)),
    help="内置 BSS 怎样识别重复的办理。 How the embedded BSS drops a repeated order. [by_key]",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="几个进程，各占一个核。 How many processes, each on a core of its own.",
)
@click.option(
    "--core",
    type=click.IntRange(0),
    callback=_usable,
    help="只在这个核上运行；几个进程时从它起。 Run on this core only; several from it on.",
)
@placed
def serve(
    host: str,
    agi_port: int,
    http_port: int,
    bss_faults: Path | None,
    bss_drops: Drops | None,
    workers: int,
    core: int | None,
    site: Path | None,
    home: Path | None,
) -> None:
    """启动热线：FastAGI 接通话，HTTP 接短信与 Twilio。Ctrl-C 结束。

    Serve: FastAGI for calls, HTTP for texts and Twilio, the embedded BSS. Ctrl-C ends it cleanly.
    """
    from hotline.serving import bind
    from hotline.workers import Supervisor, Worker, core_of

    which = "" if workers == 1 else " [%(process)d]"
    logging.basicConfig(
        level=logging.INFO, format=f"%(asctime)s %(levelname)s{which} %(name)s %(message)s"
    )
    chosen = settings(site, home, host=host, bss_faults=bss_faults, drops=bss_drops)
    try:
        ports = bind(host, agi_port, http_port)
    except OSError as error:
        raise _taken(error) from None
    agi_port, http_port = (port.getsockname()[1] for port in ports)
    chosen = replace(chosen, agi_port=agi_port, http_port=http_port)
    worker: Worker | int = Supervisor(workers).run() if workers > 1 else Worker()
    if isinstance(worker, Worker):
        if workers > 1 or core is not None:
            os.sched_setaffinity(0, {core_of(worker.n, core)})
        _serve(chosen, ports, worker)
        if not worker.alone:
            return
    elif worker:
        raise click.exceptions.Exit(worker)
    click.echo("已结束。 Ended.")


def _serve(chosen: Settings, ports: Ports, worker: Worker) -> None:
    """What each process does."""
    import uvloop

    from hotline.serving import serve as run

    with open_house(chosen, recovering=True, following=not worker.fresh) as house:
        if worker.leads and worker.fresh:
            version = house.versions.serving().digest[:16]
            click.secho(f"热线 Hotline  {chosen.site}  版本 version {version}", fg="green")
        _spare_the_collector()
        try:
            uvloop.run(run(house, ports, worker, click.echo, _told))
        except OSError as error:
            raise _taken(error) from None


def _taken(error: OSError) -> click.ClickException:
    return click.ClickException(
        f"端口打不开：{error.strerror}。请换 --agi-port 或 --http-port。"
        " The port can't be opened: choose another with --agi-port or --http-port."
    )


def _spare_the_collector() -> None:
    """What is loaded now stays: no collection of garbage walks it while callers wait (20 ms).

    Turns make hardly any cycles, so that the young may be many before they are looked at.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000)


def _told(digest: str, findings: list[Finding]) -> None:
    if digest:
        click.secho(f"menus.yaml 已更新，版本 version {digest[:16]}", fg="green")
    else:
        show_findings(findings)
        click.secho("menus.yaml 有错误，继续用旧版本。 Refused; the old one serves.", fg="red")
