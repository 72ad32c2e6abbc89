"""Agents' wrap-up records (来话小结) out of a CSV file: time, wrap-up code, count.

UTF-8 with or without a byte-order mark, or GB18030, as spreadsheets and call centre systems write
it. Every line is judged before anything is used: what is wrong is told by its line.
"""

from __future__ import annotations

import codecs
import csv
import datetime
import io
import re
import unicodedata
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import NamedTuple

HEADS = {
    "time": ("time", "时间"),
    "code": ("wrap-up code", "小结代码"),
    "count": ("count", "次数"),
}
"""How each column may be called; others are left alone, and the order is free."""

ENCODINGS = ("utf-8-sig", "gb18030")
EARLIEST = datetime.datetime(2000, 1, 1)  # noqa: DTZ001 (local time, as in the file)
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)(?:[ T](\d?\d:\d\d)(?::\d\d)?)?", re.ASCII)
_COUNT = re.compile(r"\d{1,9}", re.ASCII)
_CHUNK = 1 << 20


class NotWrapUpsError(ValueError):
    """A file that can't be read as wrap-up records at all; the message says why, Chinese first."""


class BadLine(NamedTuple):
    """A line that can't be used, and why."""

    line: int
    zh: str
    en: str


class WrapUps(NamedTuple):
    """What a file holds: how many by local minute and code, and its bad lines.

    `lines` is how many lines of data there were, `added` how many of them repeated the time and
    code of an earlier one and were added to it.
    """

    counts: dict[tuple[datetime.datetime, str], int]
    bad: list[BadLine]
    lines: int
    added: int


def read(
    file: Path,
    codes: Collection[str],
    now: datetime.datetime,
    progress: Callable[[int], None] = lambda _: None,
) -> WrapUps:
    """The wrap-ups in a file; `codes` are those that the site's topics.yaml has.

    `now` is the local time (naive): nothing later can have happened. `progress` is told how many
    bytes were read since it was last told. Raises NotWrapUpsError.
    """
    counts: dict[tuple[datetime.datetime, str], int] = {}
    bad: list[BadLine] = []
    lines = added = 0
    for line, row in _rows(file, progress):
        lines += 1
        found = _judged(line, row, codes, now)
        if isinstance(found, BadLine):
            bad.append(found)
            continue
        at, code, n = found
        if (at, code) in counts:
            added += 1
        counts[at, code] = counts.get((at, code), 0) + n
    if not lines:
        raise NotWrapUpsError(f"{file} 只有列名，没有数据。 {file} has a header and no rows.")
    return WrapUps(counts, bad, lines, added)


def _rows(file: Path, progress: Callable[[int], None]) -> Iterator[tuple[int, dict[str, str]]]:
    """Each line of data by column; short lines lack some."""
    encoding = _encoding(file)
    try:
        with file.open("rb") as raw, io.TextIOWrapper(raw, encoding, newline="") as text:
            reader = csv.reader(text, strict=True)
            columns: dict[int, str] | None = None
            begins, told = 1, 0
            for cells in reader:
                line, begins = begins, reader.line_num + 1
                at = raw.tell()
                progress(at - told)
                told = at
                if not any(cell.strip() for cell in cells):
                    continue
                if columns is None:
                    columns = _columns(file, line, cells)
                else:
                    named = zip(range(len(cells)), cells, strict=True)
                    yield line, {columns[n]: c.strip() for n, c in named if n in columns}
    except csv.Error as error:
        raise NotWrapUpsError(
            f"{file} 第 {begins} 行不是正确的 CSV（{error}），请检查引号。"
            f" Line {begins} of {file} is not CSV ({error}): check its quotes."
        ) from None
    if columns is None:
        raise NotWrapUpsError(f"{file} 是空的。 {file} is empty.")


def _encoding(file: Path) -> str:
    for encoding in ENCODINGS:
        decode = codecs.getincrementaldecoder(encoding)().decode
        try:
            with file.open("rb") as raw:
                while chunk := raw.read(_CHUNK):
                    if "\0" in decode(chunk):
                        break
                else:
                    decode(b"", final=True)
                    return encoding
        except UnicodeDecodeError:
            continue
    raise NotWrapUpsError(
        f"{file} 不是 UTF-8 或 GB18030 的文本，请另存为 CSV。"
        f" {file} is no text in UTF-8 or GB18030: save it as CSV."
    )


def _columns(file: Path, line: int, cells: list[str]) -> dict[int, str]:
    """Which cell is which column; raises NotWrapUpsError when one is missing or there twice."""
    found: dict[int, str] = {}
    for n, cell in enumerate(cells):
        head = re.sub(r"[\s_-]+", "-", unicodedata.normalize("NFKC", cell).strip().lower())
        for name, heads in HEADS.items():
            if head in {each.replace(" ", "-") for each in heads}:
                found[n] = name
    names = list(found.values())
    wrong = [name for name in HEADS if names.count(name) != 1]
    if wrong:
        zh, en = (", ".join(HEADS[name][of] for name in wrong) for of in (1, 0))
        raise NotWrapUpsError(
            f"{file} 第 {line} 行应为列名 时间,小结代码,次数，各写一次、用逗号隔开：{zh}。"
            f" Line {line} of {file} must name the columns time,wrap-up code,count once each: {en}."
        )
    return found


def _judged(
    line: int, row: dict[str, str], codes: Collection[str], now: datetime.datetime
) -> tuple[datetime.datetime, str, int] | BadLine:
    time, code, count = (row.get(name, "") for name in HEADS)
    at = _time(time)
    if at is None:
        zh, en = "不是 YYYY-MM-DD 或 YYYY-MM-DD HH:MM", "is no YYYY-MM-DD or YYYY-MM-DD HH:MM"
        return BadLine(line, f"时间 {time!r} {zh}", f"the time {time!r} {en}")
    if not EARLIEST <= at <= now:
        return BadLine(
            line, f"时间 {time} 在将来或早于2000年", f"{time} is not past, or before 2000"
        )
    if not code:
        return BadLine(line, "缺少小结代码", "there is no wrap-up code")
    if code not in codes:
        return BadLine(
            line, f"topics.yaml 里没有小结代码 {code!r}", f"topics.yaml has no code {code!r}"
        )
    if not _COUNT.fullmatch(count):
        return BadLine(
            line, f"次数 {count!r} 不是不超过九位的整数", f"the count {count!r} is no whole number"
        )
    return at, code, int(count)


def _time(text: str) -> datetime.datetime | None:
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    day, clock = found[1], found[2] or "00:00"
    try:
        return datetime.datetime.fromisoformat(f"{day} {clock.zfill(5)}")
    except ValueError:
        return None
