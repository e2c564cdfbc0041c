"""llama.cpp's shared library: loaded once, quiet, and with two ways to call it."""

from __future__ import annotations

import ctypes
import functools
import os
from collections import deque
from typing import Any

from assistant.inference import openmp
from assistant.inference.engine import ModelUnavailable
from assistant.inference.llamacpp.backends import load_backends

LOG_LEVEL_ERROR = 4

_log_errors: deque[str] = deque(maxlen=4)
_kept_alive: list[object] = []  # ctypes callbacks that llama.cpp goes on calling


@functools.cache
def library() -> Any:
    """The binding. Its calls let other Python threads run meanwhile. Raises ModelUnavailable."""
    openmp.use_short_waits()
    try:
        from llama_cpp import llama_cpp
    except (ImportError, OSError, RuntimeError) as error:
        raise ModelUnavailable(
            f"llama-cpp-python is not usable here ({type(error).__name__}). Run `make setup` to build it."
        ) from error
    mute = llama_cpp.llama_log_callback(_keep_errors)
    _kept_alive.append(mute)
    llama_cpp.llama_log_set(mute, ctypes.c_void_p(0))
    load_backends(llama_cpp._lib)
    llama_cpp.llama_backend_init()
    return llama_cpp


@functools.cache
def brief_calls() -> Any:
    """The same library for calls of microseconds, which keep the interpreter lock.

    A call that gives the lock away gets it back only when another thread lets go, after up to one switch interval.
    Sampling eight rows would wait eight times, and the next step with it.
    """
    brief = ctypes.PyDLL(library()._lib._name)
    brief.llama_sampler_sample.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int32]
    brief.llama_sampler_sample.restype = ctypes.c_int32
    brief.llama_memory_seq_rm.argtypes = [ctypes.c_void_p, ctypes.c_int32, ctypes.c_int32, ctypes.c_int32]
    brief.llama_memory_seq_rm.restype = ctypes.c_bool
    return brief


def keep_alive(callback: object) -> None:
    _kept_alive.append(callback)


def forget_errors() -> None:
    _log_errors.clear()


def first_error() -> str:
    """What llama.cpp said first since `forget_errors`, as a sentence to append; empty when it said nothing."""
    return f" llama.cpp says: {_log_errors[0]}." if _log_errors else ""


def _keep_errors(level: int, text: bytes, _data: object) -> None:
    if level == LOG_LEVEL_ERROR:
        _log_errors.append(text.decode("utf-8", "replace").strip())


def available_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
