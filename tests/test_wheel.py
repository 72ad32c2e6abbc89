"""What is installed from a wheel works by itself: the shipped site travels inside it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, unpacked as pip does, without asking any registry."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT],
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    target = folder / "target"
    subprocess.run(
        [*pip, "install", "--no-deps", "--no-index", "--target", target, wheel],
        check=True,
        capture_output=True,
    )
    return target


def test_a_text_is_answered_from_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    """Without any checkout the shipped site serves, and its state lands in ./var."""
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    environment.pop("HOTLINE_HOME", None)
    where = subprocess.run(
        [sys.executable, "-c", "import hotline; print(hotline.__file__)"],
        env=environment, cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert where.stdout.startswith(str(installed))
    answer = subprocess.run(
        [sys.executable, "-m", "hotline.cli", "sms", "13800138000", "CXYE"],
        env=environment, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    assert "58.60" in answer.stdout
    assert (tmp_path / "var" / "ledger.db").is_file()
    codes = subprocess.run(
        [sys.executable, "-m", "hotline.cli", "topics", "list"],
        env=environment, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert codes.returncode == 0, codes.stderr
    assert "65 个代码 codes" in codes.stdout
