"""`hotline-agi`: the classic AGI entry, one process a call, for sites without a daemon."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

from hotline.settings import BadSetting, from_environment


def main() -> None:
    """Carries the call that Asterisk started this process for.

    The site is HOTLINE_SITE or the current folder, the state HOTLINE_HOME or the site's var/.
    Ends with status 1, and one line on stderr, when the house can't be opened: the dialplan then
    apologises.
    """
    logging.basicConfig(level=logging.WARNING, format="hotline-agi %(levelname)s %(message)s")
    from hotline.house import House
    from hotline.versions import Refused
    from ivr.agi_script import run

    named = os.environ.get("HOTLINE_SITE")
    try:
        settings = from_environment(Path(named) if named else None, None)
        with House(settings) as house:
            run(house.runner, settings.prompts, apology=house.apology())
    except (BadSetting, ValueError) as error:
        refused = isinstance(error, Refused)
        print("hotline-agi:", "hotline check" if refused else error, file=sys.stderr)
        sys.exit(1)
