"""Going back to an earlier version: in the record and in the site's files."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from hotline import sitefiles
from hotline.trials import Impossible, kept
from hotline.versions import Versions
from ledger.ledger import Ledger
from menus.loader import load


class RolledBack(NamedTuple):
    """What a rollback did: `aside` are copies of files that held what no version keeps."""

    digest: str
    aside: list[Path]


def target(site: Path, ledger: Ledger) -> str:
    """The version to go back to when none is named.

    That which served before the present one. If the site's files hold an edit that does not serve,
    it is the present one: the edit is what there is to go back from. Raises Impossible.
    """
    served = ledger.servings()
    if not served:
        raise Impossible(
            "还没有任何版本启用过。 No version has served yet: there is nothing to go back to."
        )
    model, _ = load(site)
    if model is None or model.digest != served[0].digest:
        return served[0].digest
    for act in served:
        if act.digest != model.digest:
            return act.digest
    raise Impossible(
        "只有一个版本启用过，没有可退回的。 Only one version has served: there is none before it."
    )


def roll_back(
    site: Path, ledger: Ledger, versions: Versions, digest: str, author: str, note: str
) -> RolledBack:
    """Makes a version of the record serve and writes its sources to the site's files.

    Raises versions.Refused when its audio is gone or this release can't read it,
    sitefiles.Unwritable; the site and what serves are then as they were.
    """
    sources, model = kept(versions, digest, site)
    serving = ledger.serving()
    with sitefiles.held(site, writing=True):
        draft = sitefiles.Draft(site, sources)
        try:
            versions.publish(sources, model, author, note)
        except BaseException:
            draft.drop()
            raise
        return RolledBack(digest, draft.keep(versions.sources(serving) if serving else {}))
