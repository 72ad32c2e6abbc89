"""What the commands share that change what serves: author and note, the record, refusals."""

from __future__ import annotations

import contextlib
import getpass
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hotline.commands.common import show_findings
from hotline.settings import Settings

if TYPE_CHECKING:
    from hotline.versions import Versions
    from ledger.ledger import Ledger


def _login() -> str:
    """The user's login name; that of the command where the host has none for the user."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "hotline"


def author_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --author and --note."""
    command = click.option("--note", default="", help="说明。 A note for the record.")(command)
    return click.option(
        "--author",
        default=_login,
        help="谁；默认登录名。 Who does it (default: the login name).",
    )(command)


@contextlib.contextmanager
def acting(chosen: Settings) -> Iterator[tuple[Ledger, Versions]]:
    """The record and its versions as they stand, without taking over the site's files."""
    from hotline.house import clock
    from hotline.versions import Versions
    from ledger.ledger import Ledger

    with Ledger.open(chosen.home / "ledger.db", zone=chosen.zone) as ledger:
        versions = Versions(ledger, now=clock)
        versions.follow()
        yield ledger, versions


@contextlib.contextmanager
def refusals() -> Iterator[None]:
    """Tells why something was refused: findings with status 1, else one line with status 2."""
    from hotline.sitefiles import Unwritable
    from hotline.trials import Impossible
    from hotline.versions import Refused
    from ledger.records import LedgerError

    try:
        yield
    except Refused as refused:
        show_findings(refused.findings)
        raise click.exceptions.Exit(1) from None
    except (Impossible, Unwritable) as error:
        raise click.UsageError(str(error)) from None
    except LedgerError as error:
        raise click.ClickException(str(error)) from None


def told_aside(files: Iterable[Path]) -> None:
    """Says which copies were made of files that held what no version keeps."""
    for file in files:
        click.echo(f"原来的内容存为 what was there is kept as {file}")
