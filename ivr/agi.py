"""The AGI wire format without I/O: bytes in, events out; commands out as bytes.

AGI (Asterisk Gateway Interface) is a dialogue of lines. The PBX opens it with a block of `agi_*`
variables that an empty line closes; then each command we send is answered by one reply (GOSUB says
`100` first). The one line nobody asked for is `HANGUP`: the caller is gone; it may come before or
after a reply.

The decoder alone owns state, and only `feed` and `eof` change it. A call that breaks the protocol
on our side raises `AgiError` and changes nothing; what the peer breaks comes back as `Malformed`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

MAX_LINE = 8192
"""Bytes of one line from the peer; the rest of a longer one is dropped, so memory stays bounded."""
MAX_ENVIRONMENT = 512
"""Lines of the environment block; Asterisk sends about 25 and one for each argument."""
MAX_USAGE = 256
"""Lines of one 520 reply."""
MAX_COMMAND = 2046
"""Bytes of one command without its line end: Asterisk cuts a longer one into two (AGI_BUF_LEN)."""

_SHOWN = 120
_KEY = re.compile(r"agi_[A-Za-z0-9_]+")
_REPLY = re.compile(r"([0-9]{3})([ -])(.*)")
_RESULT = re.compile(r"result=(\S*)(?: \((.*)\))?(?: (.*))?")
_ENDPOS = re.compile(r"(?:^| )endpos=([0-9]{1,15})$")
_PRESENTATION = re.compile(r"[0-9]{1,3}")
_VERB = re.compile(r"[A-Z]+(?: [A-Z]+)*")
_FORBIDDEN = re.compile(r"[\x00\r\n]")
# A comma ends an application's argument, & joins files: neither can stand inside a file name.
_FILE = re.compile(r"[^\x00-\x1f,&|\"\\]+")
_KEYS = re.compile(r"[0-9*#]*")
_KEY_OF_RESULT = {str(ord(key)): key for key in "0123456789*#"}


class AgiError(ValueError):
    """A command that AGI cannot carry, or bytes fed after the end."""


@dataclass(frozen=True)
class Environment:
    """The block that opens a call: `agi_*` variables as sent, values not percent-decoded."""

    values: Mapping[str, str]

    def get(self, key: str) -> str:
        """The value of `agi_<key>`, or an empty string."""
        return self.values.get(f"agi_{key}", "")

    @property
    def arguments(self) -> tuple[str, ...]:
        """`agi_arg_1`, `agi_arg_2`, ... up to the first that is missing."""
        found: list[str] = []
        while (value := self.values.get(f"agi_arg_{len(found) + 1}")) is not None:
            found.append(value)
        return tuple(found)

    @property
    def script(self) -> str:
        """The path of the request: `agi_network_script`, else that of `agi_request`; no query."""
        name = self.get("network_script") or _split(self.get("request"))[0]
        return unquote(name.partition("?")[0]).strip("/")

    @property
    def query(self) -> Mapping[str, str]:
        """The query string of `agi_request`, percent-decoded; the first value of a name counts."""
        found: dict[str, str] = {}
        pairs = parse_qsl(_split(self.get("request"))[1], keep_blank_values=True, errors="replace")
        for name, value in pairs:
            found.setdefault(name, value)
        return MappingProxyType(found)

    @property
    def caller(self) -> str | None:
        """The caller's number, None when the trunk gave none (Asterisk writes `unknown`)."""
        number = self.get("callerid")
        return None if number.lower() in ("", "unknown", "anonymous", "restricted") else number

    @property
    def withheld(self) -> bool:
        """Whether the caller asked not to be shown (presentation 01 of Q.931, octet 3a)."""
        presentation = self.get("callingpres")
        return bool(_PRESENTATION.fullmatch(presentation)) and int(presentation) & 0x60 == 0x20


class Reply(NamedTuple):
    """The answer to one command. `text` may hold keyed digits: it does not belong in a log.

    `result` and `extra` (what stood in brackets) are None where the reply has none; `endpos` is
    in samples, 8 a millisecond. A 520 carries its usage lines in `text`.
    """

    code: int
    result: str | None = None
    extra: str | None = None
    endpos: int | None = None
    text: str = ""

    @property
    def ok(self) -> bool:
        """Whether the PBX carried the command out: code 200 and no negative result."""
        return self.code == 200 and not (self.result or "").startswith("-")

    @property
    def dead(self) -> bool:
        """Whether the channel is gone (511): only commands that need none still work."""
        return self.code == 511

    @property
    def timed_out(self) -> bool:
        """Whether the caller let the time run out."""
        return self.extra == "timeout"

    @property
    def key(self) -> str:
        """The key that ended the command, from its ASCII code; empty when none did."""
        return _KEY_OF_RESULT.get(self.result or "", "") if self.code == 200 else ""


@dataclass(frozen=True)
class Trying:
    """A 100: the command has begun and its reply still comes. GOSUB sends one."""


@dataclass(frozen=True)
class HangupNotice:
    """The line nobody asked for: the caller is gone. A reply still owed still comes."""


@dataclass(frozen=True)
class Malformed:
    """A line that is no AGI, its first 120 characters. May hold keyed digits: not for a log."""

    reason: str
    line: str = ""


Event = Environment | Reply | Trying | HangupNotice | Malformed


class Decoder:
    """Turns the bytes of one connection into events; how they were cut makes no difference."""

    def __init__(self) -> None:
        self._rest = b""
        self._environment: dict[str, str] | None = {}
        self._lines = 0
        self._usage: list[str] | None = None
        self._ended = False

    def feed(self, data: bytes) -> list[Event]:
        """The events that `data` completes: one Environment first, replies afterwards.

        Raises `AgiError` after `eof`.
        """
        if self._ended:
            raise AgiError("bytes after the end of the connection")
        *lines, rest = (self._rest + data).split(b"\n")
        # One byte over the limit is kept, so that the end of the line still finds it too long.
        self._rest = rest[: MAX_LINE + 1]
        return [event for line in lines if (event := self._line(line)) is not None]

    def eof(self) -> list[Event]:
        """The peer closed: what is unfinished is malformed. Raises `AgiError` if said twice."""
        if self._ended:
            raise AgiError("the connection ended already")
        self._ended = True
        if self._rest:
            return [_malformed("unfinished line", self._rest.decode("utf-8", "replace"))]
        if self._environment is not None:
            return [_malformed("unfinished environment")]
        return [] if self._usage is None else [_malformed("unfinished usage", self._usage[0])]

    def _line(self, raw: bytes) -> Event | None:
        line = raw.removesuffix(b"\r").decode("utf-8", "replace")
        if len(raw) > MAX_LINE:
            return _malformed("line too long", line)
        if self._environment is not None:
            return self._environment_line(self._environment, line)
        if line == "HANGUP":
            return HangupNotice()
        if self._usage is not None:
            return self._usage_line(self._usage, line)
        return self._reply_line(line)

    def _environment_line(self, values: dict[str, str], line: str) -> Event | None:
        if not line:
            self._environment = None
            return Environment(MappingProxyType(values))
        self._lines += 1
        if self._lines > MAX_ENVIRONMENT:
            # Said once; the lines after it are dropped until the block closes.
            over = self._lines == MAX_ENVIRONMENT + 1
            return _malformed("environment too long", line) if over else None
        key, colon, value = line.partition(":")
        if not colon or not _KEY.fullmatch(key):
            return _malformed("not an agi_ variable", line)
        values[key] = value.removeprefix(" ")
        return None

    def _usage_line(self, usage: list[str], line: str) -> Event | None:
        usage.append(line)
        if line.startswith("520 "):
            self._usage = None
            return Reply(520, text="\n".join(usage))
        if len(usage) < MAX_USAGE:
            return None
        self._usage = None
        return _malformed("usage too long", usage[0])

    def _reply_line(self, line: str) -> Event | None:
        match = _REPLY.fullmatch(line)
        if not match:
            return _malformed("not a reply", line)
        code, rest = int(match[1]), match[3]
        if match[2] == "-":
            if code != 520:
                return _malformed("several lines are for 520 only", line)
            self._usage = [rest]
            return None
        if code == 100:
            return Trying()
        result = _RESULT.fullmatch(rest)
        if not result:
            return (
                _malformed("200 without a result", line) if code == 200 else Reply(code, text=rest)
            )
        endpos = _ENDPOS.search(result[3]) if result[3] else None
        return Reply(code, result[1], result[2], int(endpos[1]) if endpos else None, rest)


def _malformed(reason: str, line: str = "") -> Malformed:
    return Malformed(reason, line[:_SHOWN])


def _split(request: str) -> tuple[str, str]:
    try:
        parts = urlsplit(request)
    except ValueError:  # a hostile address such as agi://[
        return "", ""
    return parts.path, parts.query


def command(verb: str, *words: str) -> bytes:
    r"""One command line: the verb as it is, every word quoted.

    >>> command("STREAM FILE", 'say "hi"', "123")
    b'STREAM FILE "say \\"hi\\"" "123"\n'

    Raises `AgiError` for a verb that is not upper-case words, a line break or NUL in a word, and a
    line that Asterisk would cut (over MAX_COMMAND bytes).
    """
    if not _VERB.fullmatch(verb):
        raise AgiError(f"not the name of an AGI command: {verb!r}")
    for word in words:
        if _FORBIDDEN.search(word):
            raise AgiError(f"a word of {verb} holds a line break or NUL")
    line = " ".join([verb, *(_quote(word) for word in words)]).encode()
    if len(line) > MAX_COMMAND:
        raise AgiError(f"{verb} is {len(line)} bytes long, Asterisk takes {MAX_COMMAND}")
    return line + b"\n"


def _quote(word: str) -> str:
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _files(files: Sequence[str]) -> str:
    for name in files:
        if not _FILE.fullmatch(name):
            raise AgiError(f"not the name of a sound file: {name!r}")
    return "&".join(files)


def answer() -> bytes:
    """Picks the call up. Reply: result 0, or -1 when the channel is gone."""
    return command("ANSWER")


def hangup() -> bytes:
    """Ends the call. Reply: result 1."""
    return command("HANGUP")


def noop() -> bytes:
    """Does nothing, works on a dead channel too: a question whether the PBX still listens."""
    return command("NOOP")


def verbose(message: str, level: int = 1) -> bytes:
    """Writes to the PBX's console; never a secret, never a full number."""
    return command("VERBOSE", message, str(level))


def channel_status() -> bytes:
    """Reply: result 6 when the line is up, 0-5 before that, 511 or -1 when it is gone."""
    return command("CHANNEL STATUS")


def set_variable(name: str, value: str) -> bytes:
    """Sets a variable of the channel."""
    return command("SET VARIABLE", name, value)


def get_variable(name: str) -> bytes:
    """Reply: result 1 with the value in `extra`, result 0 when it is not set."""
    return command("GET VARIABLE", name)


def get_full_variable(expression: str) -> bytes:
    """As `get_variable`, for a text with `${NAME}` in it: several variables in one round trip."""
    return command("GET FULL VARIABLE", expression)


def stream_file(file: str, keys: str = "", offset: int = 0) -> bytes:
    """Plays one file (no extension) from `offset` samples on; any of `keys` cuts it.

    Reply: the key in `Reply.key` and `endpos` in samples; result -1 when the file is missing or
    the caller is gone, told apart by the HangupNotice or `channel_status`.
    """
    if not _KEYS.fullmatch(keys):
        raise AgiError(f"not keys of a telephone: {keys!r}")
    return command("STREAM FILE", _files([file]), keys, str(offset))


def wait_for_digit(milliseconds: int) -> bytes:
    """Waits for one key; -1 waits for ever. Reply: the key in `Reply.key`, result 0 on time-out."""
    return command("WAIT FOR DIGIT", str(milliseconds))


def execute(application: str, *arguments: str) -> bytes:
    """Runs a dialplan application. Reply: its result, -2 when there is no such application.

    Raises `AgiError` for a comma in an argument: Asterisk would read two.
    """
    for argument in arguments:
        if "," in argument:
            raise AgiError(f"a comma in an argument of {application}: {argument!r}")
    words = [application, ",".join(arguments)] if arguments else [application]
    return command("EXEC", *words)


def exec_read(variable: str, files: Sequence[str], max_digits: int, timeout_ms: int) -> bytes:
    """Plays `files` in one go and collects up to `max_digits` keys; a key cuts, # ends.

    The keys go to the channel variable `variable`, how it ended to READSTATUS (OK, TIMEOUT,
    HANGUP, ...); `timeout_ms` counts from the end of the prompts, and anew from each key.
    """
    if not (1 <= max_digits <= 255 and timeout_ms > 0):
        raise AgiError(f"Read takes 1 to 255 digits and a time: {max_digits}, {timeout_ms} ms")
    seconds = f"{timeout_ms / 1000:g}"
    return execute("Read", variable, _files(files), str(max_digits), "", "1", seconds)


def exec_playback(files: Sequence[str]) -> bytes:
    """Plays `files` in one go; no key cuts them. PLAYBACKSTATUS tells SUCCESS or FAILED."""
    return execute("Playback", _files(files))


def gosub(context: str, extension: str, argument: str) -> bytes:
    """Runs a dialplan subroutine from its first priority and comes back when it returns.

    AGI's own GOSUB: `EXEC Gosub` would only move the place where the dialplan goes on afterwards.
    """
    if "," in argument:
        raise AgiError(f"a comma in the argument of {context}: {argument!r}")
    return command("GOSUB", context, extension, "1", argument)
