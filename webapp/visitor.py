"""A person at a browser, without the browser: HTTP with cookies, and the stream's socket. For tests and fault runs."""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Self

import httpx
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from webapp.running import ADMIN, PASSWORD

OVER = ("done", "held", "failed", "cancelled")
UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


@dataclass(slots=True)
class Heard:
    """What one socket said about one job."""

    pieces: list[str] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    attempt: int = 0
    status: str = ""
    seconds_to_first: float = 0.0

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    def take(self, frame: dict[str, Any]) -> None:
        if frame["t"] == "reset":
            self.pieces, self.numbers, self.attempt = [], [], frame["attempt"]
        elif frame["t"] == "chunk":
            self.pieces.append(frame["text"])
            self.numbers.append(frame["seq"])
        elif frame["t"] == "state":
            self.status, self.attempt = frame["status"], frame["attempt"]


class Visitor:
    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx.Client(base_url=url, timeout=30, trust_env=False)
        self.invited: list[Visitor] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close this browser, and those of everybody who was invited from it."""
        for visitor in self.invited:
            visitor.close()
        self.http.close()

    def sign_in(self, name: str = ADMIN, password: str = PASSWORD) -> Self:
        self.page("/sign-in/")
        answer = self.send("/sign-in/", login=name, password=password)
        if answer.status_code != 302:
            raise RuntimeError(f"{name} could not sign in: {answer.status_code}")
        return self

    def join(self, link: str, name: str) -> Self:
        self.page(link)
        answer = self.send(link, username=name, password=PASSWORD, password_again=PASSWORD)
        if answer.status_code != 302:
            raise RuntimeError(f"{name} could not join: {answer.status_code}")
        return self

    def invitation(self, *roles: str) -> str:
        """For an admin: the link for somebody."""
        page = self.send("/people/invite", roles=list(roles)).text
        found = re.search(r"http://[^\s<]+/invitation/[^\s<]+", page)
        if found is None:
            raise RuntimeError("The page shows no invitation.")
        return found[0]

    def invite(self, name: str, *roles: str) -> Visitor:
        """For an admin: invite somebody, who joins at once in a browser of their own."""
        link = self.invitation(*roles)
        visitor = Visitor(self.url)
        self.invited.append(visitor)
        return visitor.join(link.removeprefix(self.url), name)

    def page(self, path: str) -> str:
        answer = self.http.get(path, follow_redirects=True)
        answer.raise_for_status()
        return answer.text

    def send(self, path: str, **fields: Any) -> httpx.Response:
        """A form, as the page sends it."""
        return self.http.post(path, data=fields, headers=self._headers())

    def ask_json(self, path: str, **fields: Any) -> httpx.Response:
        """A form, as our scripts send it."""
        return self.http.post(path, data=fields, headers=self._headers() | {"Accept": "application/json"})

    def _headers(self) -> dict[str, str]:
        return {"X-CSRFToken": self.http.cookies.get("csrf") or "", "Referer": f"{self.url}/"}

    # Writing.

    def take_post(self) -> str:
        """The id of the draft to the next post."""
        answer = self.send("/posts/next")
        found = re.fullmatch(rf"/drafts/({UUID})/", answer.headers.get("location", ""))
        if found is None:
            raise RuntimeError(f"No post was handed out: {answer.status_code} {answer.headers.get('location')}")
        return found[1]

    def save(self, draft: str, text: str, *, base: int = 0) -> int:
        """The number of the revision."""
        answer = self.ask_json(f"/drafts/{draft}/save", text=text, base=base)
        answer.raise_for_status()
        return int(answer.json()["revision"])

    def ask(
        self,
        draft: str,
        text: str,
        *,
        base: int,
        mode: str = "improve",
        reason: str = "",
        client_key: uuid.UUID | None = None,
    ) -> dict[str, Any]:
        """Ask for help; the job as it was accepted."""
        key = str(client_key or uuid.uuid4())
        answer = self.ask_json(f"/drafts/{draft}/ask", text=text, base=base, mode=mode, reason=reason, client_key=key)
        if answer.status_code != 202:
            raise RuntimeError(f"Not accepted: {answer.status_code} {answer.text[:300]}")
        job: dict[str, Any] = answer.json()
        return job

    def twin(self, job: dict[str, Any]) -> dict[str, Any]:
        """The whole stream of a job, over HTTP."""
        state: dict[str, Any] = self.http.get(job["stream_url"]).raise_for_status().json()
        while state["chunks"] and state["chunks"][-1]["seq"] < state["last_seq"]:
            after = {"after": state["chunks"][-1]["seq"], "attempt": state["attempt"]}
            more = self.http.get(job["stream_url"], params=after).raise_for_status().json()
            if not more["chunks"]:
                break
            state["chunks"] += more["chunks"]
        return state

    def socket(self) -> ClientConnection:
        cookies = "; ".join(f"{name}={value}" for name, value in self.http.cookies.items())
        return connect(
            f"{self.url.replace('http', 'ws', 1)}/ws/jobs",
            additional_headers={"Cookie": cookies},
            origin=Origin(self.url),
            proxy=None,
            open_timeout=10,
        )

    def listen(self, job: dict[str, Any], *, seconds: float = 90) -> Heard:
        """Everything the socket says about a job, until it is over."""
        began = time.monotonic()
        heard = Heard(attempt=job["attempt"])
        with self.socket() as socket:
            subscribe(socket, [job["job"]])
            while heard.status not in OVER:
                left = began + seconds - time.monotonic()
                heard.take(json.loads(socket.recv(timeout=max(0.01, left))))
                if heard.pieces and not heard.seconds_to_first:
                    heard.seconds_to_first = time.monotonic() - began
        return heard


def subscribe(socket: ClientConnection, jobs: Iterable[str], *, attempt: int = 0, last_seq: int = 0) -> None:
    for job in jobs:
        socket.send(json.dumps({"v": 1, "t": "subscribe", "job": job, "attempt": attempt, "last_seq": last_seq}))
