"""A C++ compiler and cmake for the engine: the machine's, else apt's, else a wheel's, else the line to run."""

from __future__ import annotations

import os
import platform
import re
import shlex
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from scripts.setup.machine import install_with_apt, line_to_install, may_use_apt
from scripts.setup.packages import ensure_side_venv
from scripts.setup.steps import ROOT, VAR, SetupProblem, write_whole

OLDEST_CMAKE = (3, 21)  # what llama-cpp-python's CMakeLists.txt asks for
LINE = line_to_install(
    debian="build-essential cmake", fedora="gcc-c++ cmake", mac="xcode-select --install && brew install cmake"
)


@dataclass(frozen=True)
class Toolchain:
    says: str
    env: dict[str, str] = field(default_factory=dict)
    cmake_args: tuple[str, ...] = ()


def working_compiler() -> str | None:
    """The C++ compiler that cmake would take, if it really compiles (macOS has a stub that does not)."""
    for name in (os.environ.get("CXX", ""), "c++", "g++", "clang++"):
        if name and shutil.which(shlex.split(name)[0]) and _compiles(name):
            return name
    return None


def _compiles(compiler: str) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "try.cpp"
        source.write_text("#include <thread>\nint main() { std::thread t([] {}); t.join(); }\n", encoding="utf-8")
        command = [*shlex.split(compiler), "-std=c++17", "-pthread", str(source), "-o", str(Path(folder) / "try")]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


def working_cmake() -> str | None:
    path = shutil.which("cmake")
    if path is None:
        return None
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"version (\d+)\.(\d+)", said)
    return path if found and (int(found[1]), int(found[2])) >= OLDEST_CMAKE else None


def provide_toolchain() -> Toolchain:
    if not (working_compiler() and working_cmake()) and may_use_apt():
        try:
            install_with_apt(["build-essential", "cmake"])
        except SetupProblem as problem:
            print(f"      apt could not install a compiler; trying one from PyPI. {str(problem).splitlines()[0]}")
    compiler, cmake = working_compiler(), working_cmake()
    if compiler and cmake:
        return Toolchain(says=f"{compiler} and {cmake}")
    try:
        return toolchain_from_wheels()
    except SetupProblem as problem:
        lacking = " and ".join([*([] if compiler else ["a C++ compiler"]), *([] if cmake else ["cmake 3.21 or newer"])])
        first_line = str(problem).splitlines()[0]
        raise SetupProblem(
            f"This machine has not {lacking}, and the one from PyPI could not be used ({first_line}) Run: {LINE}"
        ) from problem


def toolchain_from_wheels() -> Toolchain:
    """Zig's C++ compiler and cmake as PyPI wheels, behind small wrapper scripts."""
    python = ensure_side_venv("compiler", ROOT / "requirements-compiler.txt")
    folder = VAR / "cache" / "zig"
    for tool in ("cc", "c++", "ar", "ranlib"):
        # Zig compiles for the very CPU it runs on unless a target is named; a named one also fixes an old glibc.
        target = f" -target {zig_target()}" if tool in ("cc", "c++") else ""
        write_whole(folder / tool, f'#!/bin/sh\nexec {shlex.quote(str(python))} -m ziglang {tool}{target} "$@"\n')
        (folder / tool).chmod(0o755)
    if not _compiles(str(folder / "c++")):
        raise SetupProblem("Zig's c++ cannot compile a program of one line here.")
    path = f"{python.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return Toolchain(
        says="Zig and cmake from PyPI (no OpenMP: on a busy machine set MODEL_THREADS=1)",
        env={"CC": str(folder / "cc"), "CXX": str(folder / "c++"), "PATH": path},
        cmake_args=(f"-DCMAKE_AR={folder / 'ar'}", f"-DCMAKE_RANLIB={folder / 'ranlib'}"),
    )


def zig_target() -> str:
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
    if platform.system() == "Darwin":
        return f"{machine}-macos"
    return f"{machine}-linux-gnu.2.28" if platform.libc_ver()[0] == "glibc" else f"{machine}-linux-musl"
