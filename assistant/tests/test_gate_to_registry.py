"""From reports of two models to one that answers, by commands alone: the gate's own process, its file, the registry."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from assistant.models import Deployment, GateVerdict, ModelVersion
from assistant.tests import gguf_files, panel_files
from webapp import test as build
from webapp.accounts.roles import Role

pytestmark = pytest.mark.django_db

RULES = tomllib.loads((Path(settings.BASE_DIR) / "evaluation" / "data" / "gate.toml").read_text(encoding="utf-8"))
CASES = 300


@pytest.fixture
def two(tmp_path: Path) -> dict[str, Path]:
    """`warm` answers, `warmer` would like to."""
    base = gguf_files.base(tmp_path / "tiny.gguf")
    call_command("models", "add", str(base))
    files = {}
    for seed, name in enumerate(("warm", "warmer"), start=7):
        files[name] = gguf_files.papers(gguf_files.adapter(tmp_path / f"{name}.gguf", of=base, seed=seed), base=base)
        call_command("models", "add", str(files[name]))
    for name in ("tiny", "warm"):
        call_command("models", "activate", name)
    return files


def reports(folder: Path, adapter: Path, *, planted: dict[str, Any] | None = None) -> list[str]:
    """One of each suite that an improvement model needs, of a model that is as good as the rules want. `planted`: other figures:
    one value, or the values of all cases."""
    paths = []
    for suite in RULES["required"]["improve"]:
        figures, columns = [], {}
        for rule in RULES["rule"]:
            if rule["suite"] != suite or rule.get("only_if_there"):
                continue
            said = (planted or {}).get(rule["figure"], good_value(rule))
            values = said if isinstance(said, list) else [said] * CASES
            mean = fmean(values)
            figures.append({"name": rule["figure"], "value": mean, "low": mean, "high": mean, "n": CASES})
            columns[rule["figure"]] = values
        facts = {"base SHA-256": "b" * 64, "adapter SHA-256": gguf_files.sha256(adapter), "prompt": "improve-2"}
        told = {"head": {"suite": suite, "suite version": 1, "cases": CASES}, "facts": facts, "figures": figures}
        told["per_case"] = {"ids": [str(number) for number in range(CASES)], "values": columns}
        path = folder / adapter.stem / f"{suite}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(told), encoding="utf-8")
        paths.append(str(path))
    return paths


def good_value(rule: dict[str, Any]) -> float:
    return float(RULES["budget"][rule["figure"]] if rule.get("budget") else rule.get("bound", 0.0))


def verdict(folder: Path, candidate: list[str], active: list[str], *more: str) -> tuple[Path, str]:
    """The file that the gate wrote, and what it printed."""
    out = folder / "gate.json"
    command = [
        sys.executable,
        "-m",
        "evaluation.gate",
        "--candidate",
        *candidate,
        "--active",
        *active,
        "--out",
        str(out),
    ]
    done = subprocess.run(
        [*command, *more], cwd=settings.BASE_DIR, capture_output=True, text=True, check=False, timeout=120
    )
    return out, done.stdout + done.stderr


def activate(gate: Path) -> None:
    call_command("models", "activate", "warmer", "--gate", str(gate))


def answers() -> str:
    version = Deployment.active_version()
    return version.name if version else ""


def test_a_no_worse_candidate_answers(tmp_path: Path, two: dict[str, Path]) -> None:
    gate, said = verdict(tmp_path, reports(tmp_path, two["warmer"]), reports(tmp_path, two["warm"]))
    assert "The candidate may be made active." in said
    activate(gate)
    assert answers() == "warmer"
    assert [row.passed for row in GateVerdict.objects.all()] == [True]


@pytest.mark.parametrize(
    ("planted", "reason"),
    [
        (
            {"displayed what was asked for": [1.0] * 12 + [0.0] * (CASES - 12)},
            "worse than the active model by more than 0.025",
        ),
        ({"held by the safety checks": [1.0] * 60 + [0.0] * (CASES - 60)}, "0.200, and at most 0.05 is wanted"),
        ({"suggestions whose hold moves": [0.2] * CASES}, "worse than the active model by more than 0.02"),
        ({"tokens a second": 3.0}, "slower than its budget: 3.000, and at least 5 is wanted"),
    ],
    ids=["attacks get through", "more is held", "bias grew", "slow"],
)
def test_a_planted_fall_is_refused_with_its_reason(
    tmp_path: Path, two: dict[str, Path], planted: dict[str, Any], reason: str
) -> None:
    candidate = reports(tmp_path, two["warmer"], planted=planted)
    gate, said = verdict(tmp_path, candidate, reports(tmp_path, two["warm"]))
    assert reason in said
    with pytest.raises(CommandError) as refused:
        activate(gate)
    assert reason in str(refused.value)
    assert answers() == "warm"


def test_a_suite_that_is_missing_is_a_reason_too(tmp_path: Path, two: dict[str, Path]) -> None:
    gate, said = verdict(tmp_path, reports(tmp_path, two["warmer"])[:1], reports(tmp_path, two["warm"])[:1])
    for suite in ("injection", "bias", "speed"):
        assert f"--suite {suite}" in said
    with pytest.raises(CommandError, match="speed, a report of this suite"):
        activate(gate)


def test_reports_that_cannot_be_compared_are_told_to_the_end(tmp_path: Path, two: dict[str, Path]) -> None:
    """Both files and the remedy, however long their paths are."""
    candidate, active = reports(tmp_path, two["warmer"]), reports(tmp_path, two["warm"])
    other = Path(active[0])
    other.write_text(other.read_text(encoding="utf-8").replace(f'"cases": {CASES}', '"cases": 299'), encoding="utf-8")
    gate, said = verdict(tmp_path, candidate, active)
    why = f"{candidate[0]}: cases is {CASES}, and 299 in {other}. Measure both alike."
    assert why in said
    with pytest.raises(CommandError) as refused:
        activate(gate)
    assert str(refused.value) == f"{gate}: the two were not compared. {why}"


def test_a_base_alone_is_no_candidate_for_an_adapter_s_place(tmp_path: Path, two: dict[str, Path]) -> None:
    candidate = reports(tmp_path, two["warmer"])
    for path in map(Path, candidate):
        path.write_text(
            path.read_text(encoding="utf-8").replace(gguf_files.sha256(two["warmer"]), "none"), encoding="utf-8"
        )
    gate, said = verdict(tmp_path, candidate, reports(tmp_path, two["warm"]))
    assert "The candidate may be made active." in said
    with pytest.raises(CommandError, match="candidate is a base without an adapter, which has no gate to pass"):
        activate(gate)


def test_the_panel_is_asked_even_where_the_gate_was_passed(
    tmp_path: Path, two: dict[str, Path], settings: Settings
) -> None:
    settings.LIVE = True
    gate, _said = verdict(tmp_path, reports(tmp_path, two["warmer"]), reports(tmp_path, two["warm"]))
    with pytest.raises(CommandError, match="a member of the clinician panel"):
        activate(gate)
    warmer = ModelVersion.objects.get(name="warmer")
    sample = panel_files.sample(panel_files.outputs(tmp_path / "outputs.jsonl"), warmer)
    panel_files.signed(sample, by=build.person("hazel", Role.CLINICIAN))
    activate(gate)
    assert answers() == "warmer"
