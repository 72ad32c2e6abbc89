"""Without the extra `analysis`: what works all the same, and what says that it is missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from house_case import make_home, toned_site

_WITHOUT = """
import sys
EXTRA = ("matplotlib", "numpy", "scipy", "statsmodels")
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in EXTRA:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Missing())
from hotline.cli import main
main()
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A site and a state with one failed text in it."""
    site = toned_site(tmp_path_factory.mktemp("site"))
    home = make_home(tmp_path_factory.mktemp("home"))
    where = ["--site", str(site), "--home", str(home)]
    assert hotline([*where, "sms", "13800138000", "WHAT"]).returncode == 0
    return where


def hotline(args: list[str]) -> subprocess.CompletedProcess[str]:
    """Runs a command in a Python that has none of the extra."""
    command = [sys.executable, "-c", _WITHOUT, *args]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize(
    "report", [["failures"], ["failures", "--by", "cause"], ["layers"], ["errors"], ["requests"]]
)
def test_plain_reports_need_no_extra(place: list[str], report: list[str]) -> None:
    """They import none of it: cold starts stay short, and the serving install small."""
    told = hotline([*place, "report", *report, "--traffic", "rehearsal"])
    assert told.returncode == 0, told.stderr
    assert "traffic rehearsal" in told.stdout


def test_what_is_missing_is_named(place: list[str], tmp_path: Path) -> None:
    """A page needs matplotlib: one line says which extra to install, and no trace."""
    page = ["--by", "day", "--html", str(tmp_path / "page.html")]
    told = hotline([*place, "report", "failures", "--traffic", "rehearsal", *page])
    assert told.returncode == 1
    assert told.stderr.count("\n") == 1
    assert "pip install 'hotline[analysis]'" in told.stderr
    assert not (tmp_path / "page.html").exists()
