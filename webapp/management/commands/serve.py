"""The README's command: prepares what is missing, starts the server, says where it is and how to sign in."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
import urllib.request
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.urls import reverse

from assistant.inference.engine import ModelUnavailable
from webapp import demo, starting
from webapp.accounts import set_up
from webapp.checks import LIVE
from webapp.embedded import AlreadyRunning, only_server_here


def refuse_taken_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError as error:
            raise CommandError(
                f"{host}, port {port}: {error.strerror or error}. Another program may have it: try PORT={port + 1}."
            ) from error


class Command(BaseCommand):
    help = "Migrates, registers the model, seeds an empty database in demo mode, starts the server."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default=settings.HOST)
        parser.add_argument("--port", type=int, default=settings.PORT)

    def handle(self, *_: Any, host: str, port: int, **__: Any) -> None:
        self.check(tags=[LIVE], include_deployment_checks=True)
        address = f"http://{'[' + host + ']' if ':' in host else host}:{port}"
        try:
            only_server_here().close()
        except AlreadyRunning as error:
            raise CommandError(str(error)) from error
        refuse_taken_port(host, port)  # before minutes of measuring
        self.step("Database", connection.vendor, starting.prepare_database)
        self.step("Static files", str(settings.STATIC_ROOT), starting.prepare_static_files)
        self.step("Model", None, self.register_model)
        if settings.EMBEDDED and settings.MEASURE_AT_START:
            self.step("Layout", None, lambda: self.measured("Layout", starting.measure_layout))
            self.step("Threads", None, lambda: self.measured("Threads", starting.measure_threads))
        self.say(
            "People",
            "real ones are answered; the clinician panel signs off what is activated (LIVE)"
            if settings.LIVE
            else "none are answered for real; models are activated without the clinician panel (LIVE=0)",
        )
        if settings.DEMO:
            self.step("Demonstration", "invented posts and accounts, where the database is empty", demo.seed_if_empty)
        self.say(
            "Worker",
            "inside this process"
            if settings.EMBEDDED
            else "Celery over Redis: start `manage.py run_worker` beside this",
        )
        first_admin = self.first_admin(address)
        server = uvicorn.Server(
            uvicorn.Config(
                "webapp.asgi:application",
                host=host,
                port=port,
                log_config=None,
                access_log=False,
                lifespan="on",
                server_header=False,
                proxy_headers=False,
                ws_max_size=65536,
                ws_ping_interval=20,
                timeout_graceful_shutdown=10,
                limit_concurrency=1000,
            )
        )
        threading.Thread(target=self.announce, args=(address, first_admin, server), daemon=True).start()
        with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises it again once everything is closed
            server.run()
        if not server.started:
            raise CommandError(f"The server did not start on {address}. Is the port taken? Try PORT={port + 1}.")

    def first_admin(self, address: str) -> str:
        """How the first admin gets in; empty when somebody exists already."""
        try:
            made = set_up.first_admin_from_environment()
        except set_up.BadFirstAdmin as error:
            raise CommandError(str(error)) from error
        if made is not None:
            return f"Sign in at {address}{reverse('account_login')} as {made.username}, with the password of ADMIN_PASSWORD_FILE"
        link = set_up.new_set_up_link(address)
        return f"Make the first admin here, within an hour, once: {link}" if link else ""

    def register_model(self) -> str:
        try:
            return starting.register_model()
        except ModelUnavailable as error:
            return f"none: {error} Drafting and sending work without it."

    def measured(self, name: str, act: Callable[[Callable[[str], None]], str]) -> str:
        return starting.try_to_measure(act, lambda line: self.say(name, line))

    def announce(self, address: str, first_admin: str, server: uvicorn.Server) -> None:
        """Last of all, when the server answers: the address and how to sign in."""
        for _ in range(600):
            if server.started and (health := self.health(address)) is not None:
                break
            time.sleep(0.1)
        else:
            return
        self.say("Health", f"{address}/healthz {health['status']}")
        lines = [
            "",
            f"Lantern {settings.VERSION} is at {address}",
            *self.sign_in_lines(address, first_admin),
            "Stop it with Ctrl+C.",
            "",
        ]
        self.stdout.write("\n".join(lines))
        self.stdout.flush()

    def sign_in_lines(self, address: str, first_admin: str) -> list[str]:
        if settings.DEMO:
            return ["Sign in as one of these (kept in " + str(demo.accounts_file()) + "):", *demo.account_lines()]
        if first_admin:
            return [first_admin]
        return [f"Sign in at {address}{reverse('account_login')}"]

    def health(self, address: str) -> Any:
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=2) as answer:  # noqa: S310 our own address
                return json.load(answer)
        except OSError:
            return None

    def step(self, name: str, detail: str | None, act: Callable[[], str | None]) -> None:
        began = time.monotonic()
        said = act()
        self.say(name, f"{said or detail}  ({time.monotonic() - began:.1f} s)")

    def say(self, name: str, detail: str) -> None:
        self.stdout.write(f"  {name:<14} {detail}")
        self.stdout.flush()
