"""Every transcript of the shipped site, over every line that can carry it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet
from transcript_file import Case, Said, cases, rewrite
from transcript_lines import lines_of
from transcript_site import Site, check_record, make_site, played

from hotline import versions

Rewritten = dict[Path, dict[str, tuple[Said, tuple[str, ...]]]]


def _runs() -> list[ParameterSet]:
    return [
        pytest.param(
            case,
            line,
            id=f"{case}: {line}",
            marks=[pytest.mark.xfail(reason=case.bug, strict=True)] if case.bug else [],
        )
        for case in cases()
        for line in lines_of(case)
    ]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The shipped site with tones; its files are checked once, not for each house."""
    return make_site(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="session")
def rewritten(request: pytest.FixtureRequest) -> Iterator[Rewritten | None]:
    """With --update-transcripts: what was said, to be written at the end."""
    found: Rewritten = {}
    updating = request.config.getoption("--update-transcripts")
    yield found if updating else None
    for file, said in found.items():
        rewrite(file, said)


@pytest.mark.parametrize(("case", "line"), _runs())
def test_transcript(
    case: Case,
    line: str,
    site: Site,
    rewritten: Rewritten | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What is said and sent, and how each request ends, is as written; no secret stays."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(versions, "check_sources", lambda *_: site.checked)
    with played(case, site, tmp_path, lines_of(case)[line]) as (stage, got):
        assert got.requests == case.requests
        if rewritten is not None and line == "direct" and not case.bug:
            rewritten.setdefault(case.file, {})[case.name] = got.said, got.notices
        else:
            assert got.said == case.said
            assert got.notices == case.notices
        check_record(stage, caplog.text)
