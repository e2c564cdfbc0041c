"""Kernels that end the process are taken out, and the next best answer: the real engine, its best library broken on purpose."""

from __future__ import annotations

import ctypes
import functools
import shutil
import subprocess
from pathlib import Path

import pytest

from assistant.inference.llamacpp.backends import cpu_library, place_of
from assistant.inference.llamacpp.library import library
from assistant.tests.starter import starter_model_file
from scripts.setup import kernels
from scripts.setup.engine_wheel import TILE_CONFIG
from scripts.setup.steps import SetupProblem, Stamps

ILLEGAL = b"\x0f\x0b"  # ud2
CONFIGURES = """
#include <immintrin.h>
struct { unsigned char palette, start, reserved[14]; unsigned short columns[16]; unsigned char rows[16]; } kept;
void configure() { auto config = kept; config.rows[7] = 119; _tile_loadconfig(&config); }
"""

pytestmark = [pytest.mark.model, pytest.mark.process]


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The engine's libraries in a folder of their own, which the trial uses."""
    models = starter_model_file().path.parent
    folder = tmp_path / "lib"
    shutil.copytree(Path(library()._lib._name).parent, folder)
    monkeypatch.setenv("LLAMA_CPP_LIB_PATH", str(folder))
    monkeypatch.setattr(kernels, "VAR", tmp_path)
    monkeypatch.setattr(kernels, "models_folder", lambda: models)
    monkeypatch.setattr(kernels, "Stamps", functools.partial(Stamps, tmp_path))
    return folder


def in_use() -> str:
    name = cpu_library(library()._lib)
    if not name:
        pytest.skip("This build has one set of kernels.")
    return name


def break_kernels(path: Path) -> None:
    """The function through which every computation goes begins with an illegal instruction."""
    address = ctypes.cast(ctypes.CDLL(str(path)).ggml_graph_compute, ctypes.c_void_p).value
    place = place_of(address)
    assert address is not None
    assert place is not None
    offset, data = address - (place.base or 0), bytearray(path.read_bytes())
    assert bytes(data[offset : offset + 16]) == ctypes.string_at(address, 16)
    data[offset : offset + len(ILLEGAL)] = ILLEGAL
    path.unlink()  # the one that is loaded stays as it is
    path.write_bytes(data)


def test_kernels_that_compute_are_kept_and_tried_once(copy: Path) -> None:
    before = sorted(path.name for path in copy.iterdir())
    assert kernels.ensure_kernels() == f"{in_use()} answers"
    assert kernels.ensure_kernels() == "already tried"
    assert sorted(path.name for path in copy.iterdir()) == before


@pytest.mark.deep
def test_kernels_that_end_the_process_are_taken_out_and_the_next_best_answer(copy: Path) -> None:
    best = in_use()
    break_kernels(copy / best)
    said = kernels.ensure_kernels()
    assert said.startswith(f"{best} ended with SIGILL and was taken out; libggml-cpu-")
    assert said.endswith(" answers")
    assert not (copy / best).exists()


@pytest.mark.deep
def test_an_engine_without_kernels_that_run_is_a_problem_with_a_log(copy: Path, tmp_path: Path) -> None:
    broken = Path(library()._lib._name).name
    (copy / broken).write_bytes(b"\x7fELF and nothing more")
    said = kernels.ensure_kernels()
    assert said.startswith("not tried (exit code 1")
    assert "ModelUnavailable" in (tmp_path / "log" / "kernels.log").read_text(encoding="utf-8")


@pytest.mark.deep
def test_an_engine_that_dies_before_it_names_its_kernels_is_a_problem(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernels, "TRIAL", "import os, signal; os.kill(os.getpid(), signal.SIGILL)")
    with pytest.raises(SetupProblem, match="ends with SIGILL here"):
        kernels.ensure_kernels()


def test_an_end_that_the_processor_did_not_raise_leaves_the_kernels_alone(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = (
        "from pathlib import Path; import os; print(Path(os.environ['LLAMA_CPP_LIB_PATH'], '"
        + in_use()
        + "'), flush=True)"
    )
    monkeypatch.setattr(kernels, "TRIAL", f"{names}; os.kill(os.getpid(), 9)")
    assert kernels.ensure_kernels().startswith("not tried (SIGKILL, ")
    assert (copy / in_use()).exists()


def test_the_whole_configuration_of_tiles_is_written_by_the_compiler_at_hand(tmp_path: Path) -> None:
    """Without the header GCC 12.2 leaves 56 of 64 bytes as they were, and AMX ends the process."""
    source, assembler = tmp_path / "tiles.cpp", tmp_path / "tiles.s"
    source.write_text(CONFIGURES, encoding="utf-8")
    compiler = shutil.which("g++")
    if compiler is None:
        pytest.skip("There is no g++ here.")
    built = subprocess.run(
        [compiler, "-O3", "-mamx-tile", "-include", TILE_CONFIG, "-S", source, "-o", assembler],
        capture_output=True,
        text=True,
        check=False,
    )
    if "unrecognized" in built.stderr:
        pytest.skip("This compiler knows no tiles.")
    assert built.returncode == 0, built.stderr
    assert "$119" in assembler.read_text(encoding="utf-8")
