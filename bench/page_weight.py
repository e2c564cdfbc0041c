"""What the writing page costs to fetch with an empty cache, as it comes over the wire, and which hosts a page asks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext

MOST_BYTES = 150_000


@dataclass(slots=True)
class Fetched:
    url: str
    kind: str = ""  # as the browser's inspector names it
    wire: int = 0  # bytes, headers and compressed body
    packing: str = ""  # how the body was compressed

    @property
    def row(self) -> str:
        return f"| {urlsplit(self.url).path} | {self.kind} | {self.packing or '-'} | {self.wire:,} |"


def weigh(browser: Browser, url: str, cookies: Iterable[Any]) -> list[Fetched]:
    """Everything that opening `url` fetches in a context of its own, whose cache is empty. `cookies`: who is signed in."""
    context = browser.new_context()
    context.add_cookies(list(cookies))
    page = context.new_page()
    inspector = context.new_cdp_session(page)
    inspector.send("Network.enable")
    found: dict[str, Fetched] = {}

    def received(event: dict[str, Any]) -> None:
        one = found.setdefault(event["requestId"], Fetched(event["response"]["url"]))
        one.kind = event["type"]
        headers = {name.lower(): value for name, value in event["response"]["headers"].items()}
        one.packing = headers.get("content-encoding", "")

    def finished(event: dict[str, Any]) -> None:
        if event["requestId"] in found:
            found[event["requestId"]].wire = int(event["encodedDataLength"])

    inspector.on("Network.responseReceived", received)
    inspector.on("Network.loadingFinished", finished)
    page.goto(url, wait_until="networkidle")
    context.close()
    return sorted(found.values(), key=lambda one: -one.wire)


def weight(files: Sequence[Fetched]) -> int:
    return sum(one.wire for one in files)


@dataclass(slots=True)
class Hosts:
    """Of every request and every socket that the pages of these contexts open."""

    seen: set[str] = field(default_factory=set)

    def watch(self, context: BrowserContext) -> None:
        context.on("request", lambda request: self._note(request.url))
        context.on("page", lambda page: page.on("websocket", lambda socket: self._note(socket.url)))

    def _note(self, url: str) -> None:
        if host := urlsplit(url).netloc:  # data: and blob: have none
            self.seen.add(host)
