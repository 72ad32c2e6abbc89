"""`hotline serve`."""

from __future__ import annotations

import gc
import logging
import os
from pathlib import Path
from typing import get_args

import click

from actions.port import Drops
from hotline.commands.common import open_house, placed, settings, show_findings
from menus.findings import Finding


def _stay(_context: click.Context, _option: click.Parameter, core: int | None) -> int | None:
    """Keeps this process, and the threads that it will start, on one core."""
    if core is not None:
        try:
            os.sched_setaffinity(0, {core})
        except OSError:
            cores = ", ".join(map(str, sorted(os.sched_getaffinity(0))))
            raise click.BadParameter(f"可用的核 cores to choose from: {cores}") from None
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
    "--core",
    type=click.IntRange(0),
    callback=_stay,
    expose_value=False,
    help="只在这个核上运行。 Run on this core only.",
)
@placed
def serve(
    host: str,
    agi_port: int,
    http_port: int,
    bss_faults: Path | None,
    bss_drops: Drops | None,
    site: Path | None,
    home: Path | None,
) -> None:
    """启动热线：FastAGI 接通话，HTTP 接短信与 Twilio。Ctrl-C 结束。

    Serve: FastAGI for calls, HTTP for texts and Twilio, the embedded BSS. Ctrl-C ends it cleanly.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    chosen = settings(
        site,
        home,
        host=host,
        agi_port=agi_port,
        http_port=http_port,
        bss_faults=bss_faults,
        drops=bss_drops,
    )
    with open_house(chosen, recovering=True) as house:
        import uvloop

        from hotline.serving import serve as run

        version = house.versions.serving().digest[:16]
        click.secho(f"热线 Hotline  {chosen.site}  版本 version {version}", fg="green")
        _spare_the_collector()
        try:
            uvloop.run(run(house, click.echo, _told))
        except OSError as error:
            raise click.ClickException(
                f"端口打不开：{error.strerror}。请换 --agi-port 或 --http-port。"
                " The port can't be opened: choose another with --agi-port or --http-port."
            ) from None
    click.echo("已结束。 Ended.")


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
