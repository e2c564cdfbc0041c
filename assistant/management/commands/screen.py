"""Screens a file of texts, without a database, a server or a model."""

from __future__ import annotations

import contextlib
import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError

from assistant.safety.pipeline import default_pipeline
from assistant.safety.records import BadRow, parse_row, read_lines, result_row, screen_row
from assistant.safety.types import Kind


class Command(BaseCommand):
    help = (
        'Screens texts: one JSON object a line, {"id", "text"} and, if known, "post", "draft", "country", "language"; '
        "other fields are ignored. One JSON object a line comes out, in the same order. Lines that cannot be screened "
        "are named on stderr and left out; then the exit code is 1."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--kind", required=True, choices=[kind.value for kind in Kind], help="what the texts are")
        parser.add_argument("--input", required=True, metavar="IN.jsonl", help="a file, or - for stdin")
        parser.add_argument("--output", required=True, metavar="OUT.jsonl", help="a file, or - for stdout")

    def handle(self, *_: Any, kind: str, input: str, output: str, **__: Any) -> None:
        if "-" not in (input, output) and Path(output).exists() and Path(input).samefile(output):
            raise CommandError(f"--output {output}: this is the input. Name another file.")
        default_pipeline()  # built before the first text, so that its time is its own
        bad = 0
        with opened(input, "rb") as source, opened(output, "wb") as target:
            for number, line in read_lines(source):
                try:
                    target.write(screened_line(line, Kind(kind)))
                except BadRow as error:
                    bad += 1
                    self.stderr.write(f"line {number}: {error}")
        if bad:
            raise CommandError(f"{bad} line(s) could not be screened; the others were.")


def screened_line(line: bytes | BadRow, kind: Kind) -> bytes:
    if isinstance(line, BadRow):
        raise line
    row = parse_row(line)
    return json.dumps(result_row(row, screen_row(row, kind), kind)).encode("ascii") + b"\n"


@contextlib.contextmanager
def opened(name: str, mode: str) -> Iterator[BinaryIO]:
    if name == "-":
        stream = sys.stdin.buffer if mode == "rb" else sys.stdout.buffer
        yield stream
        stream.flush()
        return
    try:
        file = Path(name).open(mode)  # noqa: SIM115  closed below; only the opening may fail with this message
    except OSError as error:
        raise CommandError(f"{name}: {error.strerror}.") from error
    with file:
        yield file  # type: ignore[misc]  # binary, by the mode
