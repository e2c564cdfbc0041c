"""Who may import whom is checked, and a breach is caught."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)

BREACHES = [
    ("assistant/views/writing.py", "import moderation.models"),
    ("assistant/actions/posts.py", "import webapp.settings"),
    ("assistant/actions/posts.py", "import assistant.runner"),
    ("assistant/models/registry.py", "import assistant.actions"),
    ("assistant/safety/pipeline.py", "import django.conf"),
    ("assistant/inference/prompts.py", "import assistant.models"),
    ("moderation/actions/decisions.py", "import webapp.views"),
    ("assistant/runner.py", "import llama_cpp"),
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second tree to break: the code alone."""
    tree = tmp_path_factory.mktemp("tree")
    for room in ("webapp", "assistant", "moderation", "evaluation", "training"):
        shutil.copytree(ROOT / room, tree / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tree)
    return tree


def check(tree: Path) -> subprocess.CompletedProcess[str]:
    lint = Path(sys.executable).with_name("lint-imports")
    return subprocess.run([lint, "--no-cache"], cwd=tree, capture_output=True, text=True, timeout=100)


def test_the_arrows_hold(copy: Path) -> None:
    found = check(copy)
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize(("file", "line"), BREACHES)
def test_a_deliberate_breach_is_caught(copy: Path, file: str, line: str) -> None:
    path = copy / file
    whole = path.read_text(encoding="utf-8")
    path.write_text(f"{whole}\n{line}\n", encoding="utf-8")
    try:
        found = check(copy)
    finally:
        path.write_text(whole, encoding="utf-8")
    assert found.returncode != 0
    assert "BROKEN" in found.stdout


def test_a_second_file_that_touches_the_channel_layer_is_caught(tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "other.py").write_text("import channels.layers\n\nprint(channels.layers)\n", encoding="utf-8")
    ruff = Path(sys.executable).with_name("ruff")
    found = subprocess.run([ruff, "check", "--no-cache", "."], cwd=tmp_path, capture_output=True, text=True)
    assert "TID251" in found.stdout
