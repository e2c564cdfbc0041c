"""Nothing leaves: the process speaks to this machine alone while it works, and no page sends a browser elsewhere."""

from __future__ import annotations

import ipaddress
import re
import time
import uuid
from pathlib import Path

import pytest
from django.conf import settings

from webapp.running import Embedded
from webapp.visitor import Visitor

POST = "I moved to a new town for work and the evenings are long. I miss having somebody to cook with."
DRAFT = "Moving somewhere new is hard. I remember how quiet my first flat was. What do you like to cook?"

KERNEL = Path("/proc/self/net")  # Linux shows here what native code connects to


def is_this_machine(host: str) -> bool:
    if host.startswith("/") or host in ("localhost", "None"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@pytest.mark.process
@pytest.mark.model
def test_the_process_connects_to_nowhere_else_while_it_suggests(embedded_site: Embedded) -> None:
    noted = Path(embedded_site.env["ADDRESSES_FILE"])
    with Visitor(embedded_site.url).sign_in() as admin:
        admin.send("/posts/enter", text=POST, language="en", country="")
        person = admin.invite(f"indoors-{uuid.uuid4().hex[:6]}", "supporter")
        draft = person.take_post()
        job = person.ask(draft, DRAFT, base=person.save(draft, DRAFT))
        remote = set()
        while person.twin(job)["status"] in ("queued", "running"):
            if KERNEL.is_dir():
                remote |= remote_addresses(embedded_site.worker.pid)
            time.sleep(0.1)
        assert person.twin(job)["status"] in ("done", "held")

    lines = [line.split(" ", 1) for line in noted.read_text().splitlines()]
    assert lines, "the hook noted nothing, not even that the server asked itself for its health"
    assert [line for line in lines if not is_this_machine(line[1])] == []
    assert remote or not KERNEL.is_dir()  # this test's own connection at least
    assert {address for address in remote if not is_this_machine(address)} == set()


def remote_addresses(pid: int) -> set[str]:
    """What the kernel says this process is connected to."""
    own = {link.readlink().name for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()}
    found = set()
    for table, size in (("tcp", 4), ("tcp6", 16), ("udp", 4), ("udp6", 16)):
        for row in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            cells = row.split()
            address, port = cells[2].split(":")
            if f"socket:[{cells[9]}]" in own and port != "0000":
                # The kernel prints words of four bytes, each in the machine's order.
                raw = b"".join(int(address[at : at + 8], 16).to_bytes(4, "little") for at in range(0, size * 2, 8))
                found.add(str(unmapped(ipaddress.ip_address(raw))))
    return found


def unmapped(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> object:
    return getattr(address, "ipv4_mapped", None) or address


# What a browser would follow or fetch by itself. Names of XML namespaces look like addresses and are none.
ADDRESS = re.compile(r"""(?:(?:https?|wss?|ftp):)//[^\s"'<>)`]+|(?<=["'(=])//[\w.-]+\.\w+[^\s"'<>)]*""")
NAMESPACES = ("http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink", "http://www.w3.org/1999/xhtml")


def test_templates_styles_and_scripts_name_no_other_host() -> None:
    files = [
        path
        for folder in ("templates", "static")
        for path in (Path(settings.BASE_DIR) / folder).rglob("*")
        if path.suffix in (".html", ".css", ".js", ".svg", ".txt", ".json", ".webmanifest")
    ]
    assert len(files) > 30
    found = {
        f"{path.name}: {address}"
        for path in files
        for address in ADDRESS.findall(path.read_text(encoding="utf-8"))
        if address.rstrip("/") not in NAMESPACES
    }
    assert found == set()


@pytest.mark.parametrize(
    "line",
    [
        '<script src="https://cdn.example/x.js">',
        "url(//fonts.example/a.woff2)",
        'new WebSocket("wss://far.example/ws")',
    ],
)
def test_the_search_finds_another_host(line: str) -> None:
    assert ADDRESS.findall(line)
