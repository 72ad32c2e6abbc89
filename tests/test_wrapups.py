"""Wrap-up records out of CSV: encodings, headers, and every bad line by its number."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotline.wrapups import NotWrapUpsError, WrapUps, read

NOW = datetime.datetime(2026, 3, 31, 9, 30)  # noqa: DTZ001 (local, as in the files)
CODES = {"HF01", "ZH06"}
GOOD = "时间,小结代码,次数\n2026-03-01,HF01,12\n2026-03-01 09:05,ZH06,3\n"
DAY = datetime.datetime(2026, 3, 1)  # noqa: DTZ001


def read_bytes(folder: Path, data: bytes) -> WrapUps:
    """What a file of these bytes holds."""
    file = folder / "wrapups.csv"
    file.write_bytes(data)
    return read(file, CODES, NOW)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_encodings(encoding: str, newline: str, tmp_path: Path) -> None:
    """UTF-8 with or without a mark and GB18030 hold the same, however lines end."""
    found = read_bytes(tmp_path, GOOD.replace("\n", newline).encode(encoding))
    assert found.counts == {(DAY, "HF01"): 12, (DAY.replace(hour=9, minute=5), "ZH06"): 3}
    assert (found.bad, found.lines, found.added) == ([], 2, 0)


@pytest.mark.parametrize(
    "head",
    [
        "time,wrap-up code,count",
        "Time,Wrap_up Code,COUNT",
        " 时间 ,小结代码,次数",
        "﻿时间,小结代码,次数",
    ],
)
def test_headers(head: str, tmp_path: Path) -> None:
    """English and Chinese names, whatever the case and the blanks."""
    assert read_bytes(tmp_path, f"{head}\n2026-03-01,HF01,1\n".encode()).lines == 1


def test_order_and_further_columns_do_not_matter(tmp_path: Path) -> None:
    """Columns stand in any order; those of other names are left alone; blank lines are skipped."""
    text = 'agent,次数,"小结代码",时间\n\nzhang,"5",HF01,2026-03-01T08:00:30\n,,,\n'
    found = read_bytes(tmp_path, text.encode())
    assert found.counts == {(DAY.replace(hour=8), "HF01"): 5}


def test_lines_of_one_minute_and_code_are_added_up(tmp_path: Path) -> None:
    """An export of single calls is as good as one of sums."""
    found = read_bytes(tmp_path, (GOOD + "2026-03-01,HF01,1\n2026-03-01,HF01,0\n").encode())
    assert (found.counts[DAY, "HF01"], found.added) == (13, 2)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("2026/3/1,HF01,1", "is no YYYY-MM-DD"),
        ("2026-02-30,HF01,1", "is no YYYY-MM-DD"),
        ("2026-03-01 25:00,HF01,1", "is no YYYY-MM-DD"),
        ("２０２６-03-01,HF01,1", "is no YYYY-MM-DD"),
        (",HF01,1", "is no YYYY-MM-DD"),
        ("2026-03-31 09:31,HF01,1", "is not past"),
        ("1999-12-31,HF01,1", "before 2000"),
        ("2026-03-01,,1", "no wrap-up code"),
        ("2026-03-01,HF99,1", "topics.yaml has no code 'HF99'"),
        ("2026-03-01,hf01,1", "topics.yaml has no code 'hf01'"),
        ("2026-03-01,HF01,", "no whole number"),
        ("2026-03-01,HF01", "no whole number"),
        ("2026-03-01,HF01,-1", "no whole number"),
        ("2026-03-01,HF01,1.5", "no whole number"),
        ('2026-03-01,HF01,"1,000"', "no whole number"),
        ("2026-03-01,HF01,9999999999", "no whole number"),
        ("2026-03-01,HF01,３", "no whole number"),
    ],
)
def test_bad_lines(line: str, why: str, tmp_path: Path) -> None:
    """Each is told by its number and reason, and the good ones around it are read."""
    found = read_bytes(tmp_path, f"{GOOD}{line}\n2026-03-02,HF01,7\n".encode())
    (bad,) = found.bad
    assert bad.line == 4
    assert why in bad.en
    assert bad.zh
    assert len(found.counts) == 3


def test_lines_are_counted_as_an_editor_does(tmp_path: Path) -> None:
    """A quoted cell over two lines does not shift the numbers of those that follow."""
    text = '备注,时间,小结代码,次数\n"a\nb",2026-03-01,HF01,1\n"",bad,HF01,1\n'
    assert [bad.line for bad in read_bytes(tmp_path, text.encode()).bad] == [4]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        ("时间,小结代码,次数\n".encode(), "a header and no rows"),
        (b"2026-03-01,HF01,1\n", "must name the columns"),
        ("时间,次数\n2026-03-01,1\n".encode(), "once each: wrap-up code"),
        ("时间,小结代码,次数,时间\n".encode(), "once each: time"),
        ("时间;小结代码;次数\n".encode(), "must name the columns"),
        (b"\xff\xfe\x00\x01" * 20, "no text"),
        (GOOD.encode("utf-16"), "no text"),
        ((GOOD + '"2026-03-01,HF01,1\n').encode(), "is not CSV"),
        ((GOOD + f'"{"x" * 200_000}",HF01,1\n').encode(), "is not CSV"),
    ],
)
def test_files_that_are_none(data: bytes, why: str, tmp_path: Path) -> None:
    """One sentence says what is wrong with the file; nothing is read out of it."""
    with pytest.raises(NotWrapUpsError, match=why):
        read_bytes(tmp_path, data)


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_nothing_else_is_raised(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    """Whatever the bytes, a file is read or refused."""
    file = tmp_path_factory.getbasetemp() / "any.csv"
    file.write_bytes("时间,小结代码,次数\n".encode() + data)
    try:
        found = read(file, CODES, NOW)
    except NotWrapUpsError:
        return
    assert found.lines


def test_progress_adds_up_to_the_file(tmp_path: Path) -> None:
    """What is told on the way is every byte once."""
    file = tmp_path / "long.csv"
    file.write_text(GOOD + "2026-03-01,HF01,1\n" * 2000, "utf-8")
    told: list[int] = []
    assert read(file, CODES, NOW, told.append).added == 2000
    assert sum(told) == file.stat().st_size
