"""A house and a PBX made of tables, for the AGI drivers (see tests/wire/calls.yaml).

The house is a fake on purpose: it lets a reply come late, from another thread, or not at all, and
fails when told to. What the real house says is tested by transcripts.
"""

import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from dialog.host import Busy, Delivery, Reply
from dialog.turn import Collect, End, Perform, Say, Transfer, Wait

CASES: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "wire" / "calls.yaml").read_text(encoding="utf-8")
)
ENVIRONMENT = (
    "agi_network: yes\nagi_request: agi://127.0.0.1/hotline\nagi_channel: PJSIP/trunk-1\n"
    "agi_uniqueid: 1795300000.{id}\nagi_callerid: {caller}\nagi_callingpres: 0\n"
    "agi_extension: 10086\nagi_arg_1: 10086\nagi_arg_2: {identity}\n\n"
)
TEXTS = (
    *("welcome", "main", "ask", "balance", "more", "slow", "price", "bye"),
    *("enabled", "to_agent", "sorry", "long_text"),
)

OnReply = Callable[[Reply | Exception], None]


def environment(n: int = 1, caller: str = "13800138000", identity: str = "network") -> bytes:
    """The block that opens a call."""
    return ENVIRONMENT.format(id=n, caller=caller, identity=identity).encode()


def clip(text: str) -> str:
    """The clip of a text of the tables."""
    return f"zh-CN/{text}.0.00000000.wav"


def record(folder: Path, clips: tuple[str, ...] = tuple(map(clip, TEXTS)), ms: int = 1000) -> Path:
    """A prompts folder with one silent clip for each text."""
    for name in clips:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with wave.open(str(path), "wb") as wav:
            wav.setnchannels(1)
            wav.setsampwidth(2)
            wav.setframerate(8000)
            wav.writeframes(bytes(16 * ms))
    return folder


class Clock:
    """A clock that stands still until a table says that time passes."""

    def __init__(self) -> None:
        self.ms = 0

    def __call__(self) -> float:
        """Seconds."""
        return self.ms / 1000


class TableHost:
    """dialog.host.Host out of a table: the n-th delivery gets the n-th list of replies."""

    def __init__(self, house: list[Any]) -> None:
        self._house = [row if isinstance(row, list) else [row] for row in house]
        self.deliveries: list[Delivery] = []
        self.held: list[Callable[[], None]] = []

    def deliver(self, delivery: Delivery, on_reply: OnReply) -> None:
        """Answers at once, but for what the table holds back."""
        self.deliveries.append(delivery)
        for n, row in enumerate(self._house[len(self.deliveries) - 1]):
            if row == "Busy":
                raise Busy
            if row == "Error":
                on_reply(OSError("disk full while 135792 was keyed"))
            elif "later" in row:
                reply = self._reply(n, row["later"])
                self.held.append(lambda reply=reply: on_reply(reply))
            else:
                on_reply(self._reply(n, row))

    def clips(self, reply: Reply) -> tuple[str, ...]:
        """One clip a text."""
        return tuple(clip(say.text) for say in reply.say)

    def written(self, reply: Reply) -> str:
        """Nobody reads on a telephone."""
        raise NotImplementedError

    def _reply(self, n: int, row: dict[str, Any]) -> Reply:
        say = tuple(Say(text) for text in row.get("say", ()))
        return Reply("s1", n, "d1", "zh-CN", say, _wait(row))

    @property
    def events(self) -> list[dict[str, dict[str, Any]]]:
        """What was brought, as the tables write it."""
        return [_plain(delivery.event) for delivery in self.deliveries]


def _wait(row: dict[str, Any]) -> Wait:
    if "Collect" in row:
        return Collect(**row["Collect"])
    if "Perform" in row:
        return Perform("k1", row["Perform"], "x", "sub", {})
    return Transfer(row["Transfer"]) if "Transfer" in row else End(row["End"])


def _plain(event: Any) -> dict[str, dict[str, Any]]:
    fields = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in event._asdict().items()
        if name != "at" and (value or name == "digits")
    }
    return {type(event).__name__: fields}


def shortened(command: bytes, folder: Path) -> str:
    """A command as the tables write it."""
    text = command.decode().rstrip("\n").replace(f"{folder.resolve()}/zh-CN/", "")
    return text.replace(".0.00000000", "").replace('"', "")
