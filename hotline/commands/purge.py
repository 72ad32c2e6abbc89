"""`hotline purge`: the declared retention, carried out and recorded."""

from __future__ import annotations

from pathlib import Path

import click

from hotline.commands.common import placed, settings


@click.command(short_help="删除过期记录。 Delete what is older than its declared days.")
@click.option("--actor", default="hotline purge", show_default=True, help="谁。 Who does it.")
@placed
def purge(actor: str, site: Path | None, home: Path | None) -> None:
    """删除超过保存期的记录；删除本身也留下记录。适合每晚运行。

    Delete rows past their declared days; each purge is a row of its own. Meant for every night.
    """
    from hotline.house import clock
    from ledger.ledger import Ledger

    chosen = settings(site, home)
    with Ledger.open(chosen.home / "ledger.db", zone=chosen.zone) as ledger:
        acts = ledger.purge(clock(), actor)
    for act in acts:
        click.echo(f"{act.name}  {act.gone}")
    click.secho(f"✓ {sum(act.gone for act in acts)} 行 rows", fg="green")
