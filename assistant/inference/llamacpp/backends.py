"""ggml's kernels lie in libraries beside libllama, one for each kind of processor; the best one is loaded at run time."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from pathlib import Path

from assistant.inference.engine import ModelUnavailable

CPU_DEVICE = 0  # GGML_BACKEND_DEVICE_TYPE_CPU

_one_at_a_time = threading.Lock()


def load_backends(libllama: ctypes.CDLL) -> None:
    """Before the first model; again costs nothing. A build that has its kernels inside (macOS) needs and loads nothing.

    The handle must be that of libllama: ggml keeps its list of backends in the copy of libggml that libllama uses.
    OpenMP is part of these libraries, so its settings must stand in the environment before.
    """
    by_type = libllama.ggml_backend_dev_by_type
    by_type.argtypes, by_type.restype = [ctypes.c_int], ctypes.c_void_p
    load = libllama.ggml_backend_load_all_from_path
    load.argtypes, load.restype = [ctypes.c_char_p], None
    folder = Path(libllama._name).parent
    with _one_at_a_time:
        if not by_type(CPU_DEVICE):
            load(os.fsencode(folder))
        if not by_type(CPU_DEVICE):
            raise ModelUnavailable(
                f"None of the libraries in {folder} runs on this processor. Run `make setup` to build them anew."
            )


class Place(ctypes.Structure):
    """In which library an address lies, and where that begins; glibc's Dl_info."""

    _fields_ = (
        ("file", ctypes.c_char_p),
        ("base", ctypes.c_void_p),
        ("symbol", ctypes.c_char_p),
        ("address", ctypes.c_void_p),
    )


def place_of(address: int | None) -> Place | None:
    """None where no library has it, and on Windows."""
    if sys.platform == "win32":
        return None
    dladdr = ctypes.CDLL(None).dladdr
    dladdr.argtypes, dladdr.restype = [ctypes.c_void_p, ctypes.POINTER(Place)], ctypes.c_int
    place = Place()
    return place if dladdr(address, ctypes.byref(place)) else None


def cpu_library(libllama: ctypes.CDLL) -> str:
    """The file whose kernels are in use, for example `libggml-cpu-haswell.so`."""
    by_name = libllama.ggml_backend_reg_by_name
    by_name.argtypes, by_name.restype = [ctypes.c_char_p], ctypes.c_void_p
    place = place_of(by_name(b"CPU"))
    return Path(os.fsdecode(place.file)).name if place else ""
