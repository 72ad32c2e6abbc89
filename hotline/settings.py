"""Where a site is, where its state lives, and what the environment says about links."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from actions.port import BY_KEY, Drops
from dialog.session import CLAIMED, NETWORK
from sms_commands import kannel

PACKAGED = Path(__file__).parent / "site"
SOURCE = Path(__file__).parent.parent


class BadSetting(ValueError):
    """A setting that can't be used; the text says what to do, zh-CN first."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the house is built from. Paths are absolute; ports 0 = any free one."""

    site: Path
    home: Path
    zone: str = "Asia/Shanghai"
    host: str = "127.0.0.1"
    agi_port: int = 4573
    http_port: int = 8086
    public_url: str = ""  # what Twilio signs: the URL as seen from outside
    twilio_account: str = ""
    twilio_token: str = field(default="", repr=False)
    twilio_api: str = ""  # "" = Twilio's own
    twilio_identity: str = CLAIMED  # network | claimed: what Twilio's caller numbers are worth
    twilio_sms_identity: str = NETWORK  # the same of its texts
    twilio_keywords: bool = True  # Twilio answers STOP, START and HELP itself
    twilio_agent: str = ""  # the number that Twilio dials for an agent
    bss_faults: Path | None = None
    drops: Drops = BY_KEY
    ami: str = field(default="", repr=False)  # user:secret@host:port of the PBX to watch
    bill_day: int = 1  # of the month: when most people ask about their bill
    kannel_secret: str = field(default="", repr=False)  # what Kannel's requests must carry
    kannel_sendsms: str = field(default="", repr=False)  # http://user:password@host:port/path
    kannel_told: str = "all"  # what Kannel is asked to tell of sent texts: all | failed
    kannel_identity: str = NETWORK  # network | claimed: what its senders' numbers are worth
    smpp: str = field(default="", repr=False)  # smpp://id:password@host:port, several by blanks
    smpp_identity: str = NETWORK  # network | claimed: what its senders' numbers are worth
    texts_a_minute: int = 20  # of one number to another, 0 = any number
    unknown_texts: int = 5  # in a row that are answered, 0 = all
    notice_link: str = ""  # the link of texts beside calls; "" = Kannel or Twilio, as set up

    @property
    def notices(self) -> str:
        """The link that carries texts beside calls; "" when there is none."""
        known = {"kannel": self.kannel_sendsms, "twilio": self.twilio_account}
        return self.notice_link or next((link for link, set_up in known.items() if set_up), "")

    @property
    def kannel_receipts(self) -> kannel.Receipts:
        """What Kannel tells of sent texts, and where: it runs on this machine."""
        secret = urlencode({"secret": self.kannel_secret})
        url = f"http://127.0.0.1:{self.http_port}/kannel/dlr?{secret}"
        return kannel.Receipts(url, kannel.RECEIPTS[self.kannel_told])

    @property
    def prompts(self) -> Path:
        """The site's audio."""
        return self.site / "prompts"


def find_site(site: Path | None) -> Path:
    """The site folder: as given, else the current folder, else the one shipped with Hotline.

    Raises BadSetting when a given folder has no menus.yaml.
    """
    if site is not None:
        if not (site / "menus.yaml").is_file():
            raise BadSetting(
                f"{site} 里没有 menus.yaml，请用 --site 指定站点文件夹。"
                f" No menus.yaml in {site}: give the site's folder with --site."
            )
        return site.resolve()
    for folder in (Path.cwd(), PACKAGED, SOURCE):
        if (folder / "menus.yaml").is_file():
            return folder.resolve()
    raise BadSetting("找不到 menus.yaml，请用 --site 指定。 No menus.yaml found: give --site.")


def find_home(site: Path, home: Path | None) -> Path:
    """The state folder: as given, HOTLINE_HOME, or the site's var/. Made when it is missing.

    Raises BadSetting when it can't be written.
    """
    if home is None:
        named = os.environ.get("HOTLINE_HOME")
        shipped = site == PACKAGED.resolve()
        home = Path(named) if named else Path.cwd() / "var" if shipped else site / "var"
    try:
        home.mkdir(parents=True, exist_ok=True)
        if not os.access(home, os.W_OK):
            raise PermissionError
    except OSError:
        raise BadSetting(
            f"不能写入 {home}，请用 --home 指定可写的文件夹。"
            f" Can't write to {home}: give a writable folder with --home."
        ) from None
    return home.resolve()


def from_environment(site: Path | None, home: Path | None, **given: object) -> Settings:
    """Settings of a command: its options, then HOTLINE_* variables, then defaults."""
    found = find_site(site)
    env = {
        "public_url": os.environ.get("HOTLINE_PUBLIC_URL", "").rstrip("/"),
        "twilio_account": os.environ.get("HOTLINE_TWILIO_ACCOUNT", ""),
        "twilio_token": os.environ.get("HOTLINE_TWILIO_TOKEN", ""),
        "twilio_identity": os.environ.get("HOTLINE_TWILIO_IDENTITY", CLAIMED),
        "twilio_sms_identity": os.environ.get("HOTLINE_TWILIO_SMS_IDENTITY", NETWORK),
        "twilio_agent": os.environ.get("HOTLINE_TWILIO_AGENT", ""),
        "twilio_api": os.environ.get("HOTLINE_TWILIO_API", ""),
        "ami": os.environ.get("HOTLINE_AMI", ""),
        "kannel_secret": os.environ.get("HOTLINE_KANNEL_SECRET", ""),
        "kannel_sendsms": os.environ.get("HOTLINE_KANNEL_SENDSMS", ""),
        "kannel_told": os.environ.get("HOTLINE_KANNEL_RECEIPTS", "all"),
        "smpp": os.environ.get("HOTLINE_SMPP", ""),
        "smpp_identity": os.environ.get("HOTLINE_SMPP_IDENTITY", NETWORK),
        "kannel_identity": os.environ.get("HOTLINE_KANNEL_IDENTITY", NETWORK),
        "notice_link": os.environ.get("HOTLINE_NOTICE_LINK", ""),
    }
    bill_day = os.environ.get("HOTLINE_BILL_DAY", "1")
    if not re.fullmatch(r"[1-9]|[12][0-9]|3[01]", bill_day):
        raise BadSetting("HOTLINE_BILL_DAY 应为 1 到 31。 HOTLINE_BILL_DAY must be 1 to 31.")
    for name in ("twilio_identity", "twilio_sms_identity", "kannel_identity", "smpp_identity"):
        if env[name] not in (CLAIMED, NETWORK):
            raise BadSetting(
                f"HOTLINE_{name.upper()} 应为 network 或 claimed。"
                f" HOTLINE_{name.upper()} must be network or claimed."
            )
    limits = {
        "texts_a_minute": os.environ.get("HOTLINE_TEXTS_A_MINUTE", "20"),
        "unknown_texts": os.environ.get("HOTLINE_UNKNOWN_TEXTS", "5"),
    }
    for name, limit in limits.items():
        if not re.fullmatch(r"[0-9]{1,4}", limit):
            variable = f"HOTLINE_{name.upper()}"
            raise BadSetting(f"{variable} 应为 0 到 9999。 {variable} must be 0 to 9999.")
    keywords = os.environ.get("HOTLINE_TWILIO_KEYWORDS", "twilio")
    if keywords not in ("twilio", "hotline"):
        raise BadSetting(
            "HOTLINE_TWILIO_KEYWORDS 应为 twilio 或 hotline。"
            " HOTLINE_TWILIO_KEYWORDS must be twilio or hotline."
        )
    if env["kannel_told"] not in kannel.RECEIPTS:
        raise BadSetting(
            "HOTLINE_KANNEL_RECEIPTS 应为 all 或 failed。"
            " HOTLINE_KANNEL_RECEIPTS must be all or failed."
        )
    chosen = {key: value for key, value in given.items() if value is not None}
    ready = {
        "bill_day": int(bill_day),
        "twilio_keywords": keywords == "twilio",
        **{name: int(limit) for name, limit in limits.items()},
        **env,
        **chosen,
    }
    return Settings(found, find_home(found, home), **ready)  # type: ignore[arg-type]
