from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest

from assistant.inference.engine import ModelUnavailable
from assistant.inference.llamacpp.engine import LlamaCppEngine
from assistant.inference.modelfile import STARTER, ModelFile
from assistant.tests.starter import starter_model_file

CONTENT = b"GGUF" + bytes(range(256)) * 64


def model_file_at(path: Path, content: bytes = CONTENT) -> ModelFile:
    path.write_bytes(content)
    return ModelFile(path=path, sha256=hashlib.sha256(content).hexdigest(), size=len(content))


def test_a_file_that_is_what_it_should_be_passes_twice(tmp_path: Path) -> None:
    model_file = model_file_at(tmp_path / "a.gguf")
    model_file.verify()
    model_file.verify()


def test_a_missing_file_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"a\.gguf is not in .*make setup"):
        ModelFile(path=tmp_path / "a.gguf", sha256="0" * 64, size=1).verify()


def test_a_truncated_file_is_refused_with_both_sizes(tmp_path: Path) -> None:
    model_file = model_file_at(tmp_path / "a.gguf")
    model_file.path.write_bytes(CONTENT[:-1])
    with pytest.raises(ModelUnavailable, match=f"has {len(CONTENT) - 1} bytes where {len(CONTENT)} are expected"):
        model_file.verify()


def test_one_flipped_byte_is_refused(tmp_path: Path) -> None:
    model_file = model_file_at(tmp_path / "a.gguf")
    broken = bytearray(CONTENT)
    broken[-1] ^= 1
    model_file.path.write_bytes(broken)
    with pytest.raises(ModelUnavailable, match="has SHA-256"):
        model_file.verify()


def test_a_file_changed_after_it_passed_is_read_again(tmp_path: Path) -> None:
    model_file = model_file_at(tmp_path / "a.gguf")
    model_file.verify()
    status = model_file.path.stat()
    time.sleep(0.02)  # the change time of a file has the resolution of the kernel's tick
    broken = bytearray(CONTENT)
    broken[100] ^= 1
    model_file.path.write_bytes(broken)
    os.utime(model_file.path, ns=(status.st_atime_ns, status.st_mtime_ns))
    with pytest.raises(ModelUnavailable, match="has SHA-256"):
        model_file.verify()


def test_another_sum_for_a_file_that_passed_is_not_taken_from_memory(tmp_path: Path) -> None:
    model_file = model_file_at(tmp_path / "a.gguf")
    model_file.verify()
    with pytest.raises(ModelUnavailable, match="has SHA-256"):
        ModelFile(path=model_file.path, sha256="0" * 64, size=model_file.size).verify()


def test_a_text_file_is_refused_even_with_the_right_sum(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="not a GGUF model file"):
        model_file_at(tmp_path / "a.gguf", b"Dear model, please help.\n").verify()


def test_a_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.gguf").mkdir()
    with pytest.raises(ModelUnavailable, match="not a regular file"):
        ModelFile(path=tmp_path / "a.gguf", sha256="0" * 64, size=4096).verify()


def test_a_pipe_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.gguf")
    with pytest.raises(ModelUnavailable, match="not a regular file"):
        ModelFile(path=tmp_path / "a.gguf", sha256="0" * 64, size=0).verify()


def test_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    model_file = model_file_at(tmp_path / "a.gguf")
    (tmp_path / "link.gguf").symlink_to(model_file.path)
    with pytest.raises(ModelUnavailable, match="symbolic link"):
        ModelFile(path=tmp_path / "link.gguf", sha256=model_file.sha256, size=model_file.size).verify()


def test_an_engine_refuses_before_llama_cpp_opens_the_file(tmp_path: Path) -> None:
    model_file = model_file_at(tmp_path / "a.gguf")
    wrong = ModelFile(path=model_file.path, sha256="0" * 64, size=model_file.size)
    with pytest.raises(ModelUnavailable, match="has SHA-256"):
        LlamaCppEngine(wrong, name="wrong")


def test_an_engine_says_so_when_a_file_with_the_right_sum_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"a\.gguf does not load"):
        LlamaCppEngine(model_file_at(tmp_path / "a.gguf"), name="nothing")


@pytest.mark.model
def test_the_starter_model_is_the_pinned_one() -> None:
    model_file = starter_model_file()
    assert model_file.path.name == STARTER.file_name
    model_file.verify()
