"""Real calls to the hotline: SIPp dials a real Asterisk, which brings the call to `hotline serve`.

All calls are placed at once and found by their caller's number. The prompts are tones, so that the
recording of a call tells what was played and where a key cut it.
"""

import json
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from actions.embedded.people import subscriber_of
from hotline.vault import Vault
from ivr.studio import tone_site
from menus.clips import clips
from menus.loader import load

from .asterisk import Pbx
from .calls import CallResult, start_call
from .tones import write_tone

ROOT = Path(__file__).parents[2]
WELCOME, BALANCE, PRICE, OTHER = 1000, 1400, 1800, 600
LONG_S = 3.0
TONES = {"welcome": WELCOME, "balance": BALANCE, "price": PRICE, "other": OTHER}

KEYED, INFO, GONE, ORDERING = "13800138003", "13800138006", "13800138001", "13800138000"
EAGER, WITHHELD, CLASSIC = "13800138002", "13800138010", "13800138011"


class Site(NamedTuple):
    """A copy of the shipped site whose prompts are tones, and its state."""

    folder: Path
    home: Path

    def ask(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of the record."""
        with closing(sqlite3.connect(self.home / "ledger.db")) as connection:
            return connection.execute(sql, values).fetchall()

    def sessions(self, caller: str) -> list[str]:
        """The sessions of a calling number; "" for a withheld one."""
        name = Vault.at(self.home / "secret.key").pseudonym(caller)
        return [row[0] for row in self.ask("SELECT id FROM sessions WHERE caller = ?", name)]

    def requests(self, caller: str) -> list[tuple[str, str, str]]:
        """(leaf, outcome, reason) of a caller's requests in order; open ones have outcome None."""
        found = []
        for session in self.sessions(caller):
            found += self.ask(
                "SELECT leaf, outcome, reason FROM requests LEFT JOIN closings ON request = id "
                "WHERE session = ? ORDER BY n",
                session,
            )
        return found


def until(condition: Callable[[], Any], seconds: float = 15) -> Any:
    """Waits for what the record will hold once the line's end has been written."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > end:
            raise AssertionError("the record never came to hold it")
        time.sleep(0.05)
    return found


@pytest.fixture(scope="module")
def site(pbx: Pbx, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The site; Asterisk may read its prompts."""
    folder = pbx.sounds / "site"
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "menus.yaml", folder)
    model, _ = load(folder)
    assert model is not None
    needed = list(clips(model))
    tone_site(folder / "prompts", needed)
    for clip in needed:
        name = Path(clip.path).name
        hertz, seconds = OTHER, 0.1
        if name.startswith("welcome."):
            hertz, seconds = WELCOME, LONG_S
        elif name.startswith("balance_is.0"):
            hertz, seconds = BALANCE, 0.5
        elif name.startswith("confirm_enable.0"):
            hertz, seconds = PRICE, 0.5
        write_tone(folder / "prompts" / clip.path, hertz, seconds)
    return Site(folder, tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def port(site: Site) -> Iterator[int]:
    """The FastAGI port of a `hotline serve` whose BSS is slow for two subscribers."""
    faults = site.home / "faults.json"
    rules = [
        {"call": "submit", "subscriber": subscriber_of(0), "do": "delay", "ms": 2500},
        {"call": "query", "subscriber": subscriber_of(2), "do": "delay", "ms": 1500},
    ]
    faults.write_text(json.dumps(rules))
    command = [sys.executable, "-m", "hotline.cli", "serve", "--agi-port", "0", "--http-port", "0"]
    command += ["--site", site.folder, "--home", site.home, "--bss-faults", faults]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=site.home) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if found := re.search(r"agi://127\.0\.0\.1:(\d+)", line):
                break
        else:
            raise AssertionError("hotline serve ended without listening")
        try:
            yield int(found[1])
        finally:
            process.terminate()
            process.stdout.read()
            assert process.wait(20) == 0


@pytest.fixture(scope="module")
def calls(pbx: Pbx, site: Site, port: int) -> dict[str, CallResult]:
    """Every call of this module, placed at once, over."""
    script = site.home / "hotline-agi"
    script.write_text(
        f"#!/bin/sh\nexport HOTLINE_SITE='{site.folder}' HOTLINE_HOME='{site.home}'\n"
        f"exec '{sys.executable}' -c 'from hotline.agi import main; main()'\n"
    )
    script.chmod(0o755)
    balance = [(1.0, "1"), (1.8, "1")]
    spelled = [(4.0 + 0.3 * n, key) for n, key in enumerate("13800138000#")]
    spelled += [(9.5 + 0.3 * n, key) for n, key in enumerate("135246#")]
    ordering = [(1.0, "3"), (1.8, "1"), (2.6, "1"), (8.0, "1")]
    placed = [
        start_call(pbx, KEYED, keys=balance, hangup_at=4.5, agi_port=port),
        start_call(pbx, INFO, keys=balance, dtmf="info", hangup_at=4.5, agi_port=port),
        start_call(pbx, GONE, hangup_at=0.8, agi_port=port),
        start_call(pbx, ORDERING, keys=ordering, hangup_at=9.0, agi_port=port),
        start_call(pbx, EAGER, keys=[*balance, (2.6, "1")], hangup_at=6.0, agi_port=port),
        start_call(
            pbx,
            WITHHELD,
            keys=[*balance, *spelled],
            hangup_at=14.0,
            agi_port=port,
            withheld=True,
        ),
        start_call(
            pbx,
            CLASSIC,
            keys=[(2.5, "1"), (3.5, "1")],
            hangup_at=6.5,
            variables={"HOTLINE_AGI": str(script)},
        ),
    ]
    return {call.caller: call.wait() for call in placed}


@pytest.mark.parametrize("caller", [KEYED, INFO], ids=["RFC 4733", "SIP INFO"])
def test_one_one_speaks_the_balance(site: Site, calls: dict[str, CallResult], caller: str) -> None:
    """Keys 1 1 by either kind of DTMF lead to the balance, which is heard and recorded."""
    assert until(lambda: site.requests(caller)) == [("balance", "succeeded", "")]
    assert "balance" in [heard.clip for heard in calls[caller].clips(TONES)]


def test_a_key_cuts_the_prompt(calls: dict[str, CallResult]) -> None:
    """The welcome of three seconds ends with the key that is pressed after one."""
    welcome = next(heard for heard in calls[KEYED].clips(TONES) if heard.clip == "welcome")
    assert welcome.seconds < LONG_S - 1


def test_a_hang_up_in_the_welcome_is_pre_leaf_loss(
    site: Site, calls: dict[str, CallResult]
) -> None:
    """A call without any leaf is in the record as such."""
    (session,) = site.sessions(GONE)
    sql = 'SELECT "by", leaves, agent FROM call_ends WHERE session = ?'
    assert until(lambda: site.ask(sql, session)) == [("caller", 0, 0)]


def test_an_order_outlives_its_caller(site: Site, calls: dict[str, CallResult]) -> None:
    """The caller hangs up while the BSS works: the order is done once, recorded, and texted."""
    done = [("enable/caller_id", "succeeded", "")]
    until(lambda: site.requests(ORDERING) == done)
    (session,) = site.sessions(ORDERING)
    moves = site.ask(
        "SELECT m.state FROM order_moves m JOIN orders o ON o.id = m.order_id "
        "WHERE o.session = ? ORDER BY m.n",
        session,
    )
    assert moves == [("confirmed",), ("submitted",), ("succeeded",)]
    receipts = site.ask("SELECT kind FROM outbox WHERE session = ?", session)
    assert receipts == [("notify",)]
    assert "price" in [heard.clip for heard in calls[ORDERING].clips(TONES)]


def test_a_key_pressed_while_the_bss_works_is_kept(
    site: Site, calls: dict[str, CallResult]
) -> None:
    """The line stays inside a command while the BSS works; the key answers the next wait."""
    until(lambda: site.requests(EAGER) == [("balance", "succeeded", "")])
    (session,) = site.sessions(EAGER)
    sql = "SELECT key FROM steps WHERE session = ? AND node = 'more' AND event = 'DigitsEntered'"
    assert site.ask(sql, session) == [("1",)]


def test_a_withheld_number_is_asked_for_with_its_password(
    pbx: Pbx, site: Site, calls: dict[str, CallResult]
) -> None:
    """Number and password come first; neither is in the record, the logs or the PBX's logs."""
    until(lambda: ("balance", "succeeded", "") in site.requests(""))
    assert "135246" not in pbx.logs()
    with closing(sqlite3.connect(site.home / "ledger.db")) as connection:
        assert "135246" not in "\n".join(connection.iterdump())


def test_the_classic_entry_serves_a_site_without_a_daemon(
    site: Site, calls: dict[str, CallResult]
) -> None:
    """hotline-agi, started by Asterisk for one call, gives the same balance."""
    assert until(lambda: site.requests(CLASSIC)) == [("balance", "succeeded", "")]
    assert "balance" in [heard.clip for heard in calls[CLASSIC].clips(TONES)]
