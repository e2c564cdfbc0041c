"""The site's help without a browser: one pair streamed to the terminal, or a file of pairs."""

from __future__ import annotations

import json
import sys
import time
import uuid
from argparse import ArgumentParser
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from tqdm import tqdm

from assistant.inference.engine import EngineError
from assistant.inference.prompts import UnknownPrompt, build_prompt
from assistant.inference.types import Mode, Request
from assistant.safety.types import Context, Kind
from assistant.streaming.checked import CheckedStream
from assistant.worker_state import Serving, default_params, load_file, load_registered


@dataclass(slots=True)
class Row:
    """One line of the output file."""

    id: Any
    suggestion: str = ""
    status: str = "done"  # done, held, failed
    findings: list[dict[str, Any]] = field(default_factory=list)
    model: str = ""
    adapter: str = ""
    tokens: int = 0
    seconds: float = 0.0
    error: str = ""
    seconds_to_text: float | None = None  # to the first piece that passed; said at the end, not written to the file

    @property
    def answered(self) -> str:
        return f"{self.adapter} on {self.model}" if self.adapter else self.model


class BadRow(Exception):
    pass


class Command(BaseCommand):
    help = "Revises a draft, or drafts from a post, with the site's prompts, model and safety phases."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--post-file", type=Path, help="what the seeker wrote")
        parser.add_argument("--draft-file", type=Path, help="the supporter's draft; not needed with --mode generate")
        parser.add_argument("--mode", choices=[mode.value for mode in Mode], default=Mode.IMPROVE.value)
        parser.add_argument("--json", action="store_true", help="print one JSON object at the end instead of the text")
        parser.add_argument("--input", type=Path, help='JSONL with {"id", "post", "draft"}')
        parser.add_argument("--output", type=Path, help="JSONL, same order, one line for each line of the input")
        parser.add_argument(
            "--model", type=Path, help="a GGUF file; default: the registered model, else the starter model"
        )
        parser.add_argument("--country", default="", help="two letters; which helplines may be named")

    def handle(self, *_: Any, **options: Any) -> None:
        one, many = options["post_file"] is not None, options["input"] is not None
        if one == many or (many and options["output"] is None):
            raise CommandError("Give either --post-file (and --draft-file), or --input and --output.")
        try:
            serving = load_engine(options["model"], Mode(options["mode"]))
        except EngineError as error:
            raise CommandError(str(error)) from error
        try:
            if one:
                self.revise_one(serving, **options)
            else:
                self.revise_file(serving, **options)
        finally:
            serving.engine.close()

    def revise_one(
        self,
        serving: Serving,
        *,
        post_file: Path,
        draft_file: Path | None,
        mode: str,
        json: bool,
        country: str,
        **_: Any,
    ) -> None:
        post = read_text(post_file)
        draft = read_text(draft_file) if draft_file is not None else ""
        if mode == Mode.IMPROVE and not draft.strip():
            raise CommandError("--mode improve needs --draft-file with at least one word in it.")
        row = revise(serving, {"id": None, "post": post, "draft": draft}, Mode(mode), country, print_pieces=not json)
        if json:
            self.stdout.write(dump(row))
        else:
            self.stdout.write("")
            self.stderr.write(
                f"{row.status}: {row.tokens} tokens in {row.seconds:.1f} s, {row.answered} {row.error}".rstrip()
            )
        if row.status != "done":
            reasons = "; ".join(finding["reason"] for finding in row.findings) or row.error
            raise CommandError(f"{row.status}: {reasons}")

    def revise_file(self, serving: Serving, *, input: Path, output: Path, mode: str, country: str, **_: Any) -> None:
        lines = read_lines(input)
        done: list[Row] = []
        with output.open("w", encoding="utf-8") as out:
            for line in tqdm(lines, unit="pair", file=sys.stderr, disable=None):
                row = revise_line(serving, line, Mode(mode), country)
                done.append(row)
                out.write(dump(row) + "\n")
                out.flush()
        self.stderr.write(summary(done))


def summary(rows: list[Row]) -> str:
    counts = Counter(row.status for row in rows)
    line = ", ".join(f"{count} {status}" for status, count in sorted(counts.items())) or "no rows"
    waits = [row.seconds_to_text for row in rows if row.seconds_to_text is not None]
    if waits:
        tokens, seconds = sum(row.tokens for row in rows), sum(row.seconds for row in rows)
        line += f"; first text after {median(waits):.2f} s (median), {tokens / seconds:.0f} tokens a second, prompt included"
    return line


def load_engine(model: Path | None, mode: Mode) -> Serving:
    """The file that was named; else the registered model; else the starter model. Needs no database for the first and last."""
    if model is not None:
        return Serving(load_file(model))
    try:
        return load_registered(mode)
    except DatabaseError:
        return Serving(load_file(None))


def read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path}: {type(error).__name__}. Want a readable UTF-8 text file.") from error


def read_lines(path: Path) -> list[bytes]:
    try:
        return [line for line in path.read_bytes().splitlines() if line.strip()]
    except OSError as error:
        raise CommandError(f"{path}: {type(error).__name__}.") from error


def revise_line(serving: Serving, line: bytes, mode: Mode, country: str) -> Row:
    """One bad row never stops the rest: it comes back as failed, with the reason."""
    given: Any = None
    try:
        given = json.loads(line)
        for name in ("post", "draft") if mode == Mode.IMPROVE else ("post",):
            text = given[name]
            if not isinstance(text, str) or not text.strip():
                raise BadRow(f"{name}: want text with at least one word.")
            text.encode()  # a lone surrogate cannot be tokenised
        if len(given["post"]) > settings.MAX_POST or len(given.get("draft") or "") > settings.MAX_DRAFT:
            raise BadRow(f"too long: a post may have {settings.MAX_POST:,} characters, a draft {settings.MAX_DRAFT:,}.")
        return revise(serving, given, mode, country)
    except BadRow as error:
        reason = str(error)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        reason = f"not a JSON object with id, post and draft ({type(error).__name__})."
    return Row(id=given.get("id") if isinstance(given, dict) else None, status="failed", error=reason)


def revise(serving: Serving, given: dict[str, Any], mode: Mode, country: str, *, print_pieces: bool = False) -> Row:
    began = time.monotonic()
    post, draft = given["post"], (given.get("draft") or "") if mode == Mode.IMPROVE else ""
    row = Row(id=given.get("id"), model=serving.engine.model.name, adapter=serving.adapter)
    params = default_params()
    try:
        prompt = build_prompt(mode, post=post, draft=draft, version=serving.prompt_for(mode))
        request = Request(id=str(uuid.uuid4()), prompt=prompt, params=params, adapter=serving.adapter)
        stream = serving.engine.submit(request)
        checked = CheckedStream(stream, Context(kind=Kind.SUGGESTION, country=country, post=post, draft=draft))
        for piece in checked:
            row.seconds_to_text = row.seconds_to_text or round(time.monotonic() - began, 3)
            if print_pieces:
                print(piece, end="", flush=True)
    except (EngineError, UnknownPrompt) as error:
        row.status, row.error = "failed", str(error)
        return row
    outcome = checked.stream.outcome
    assert outcome is not None
    row.findings = [
        asdict(finding) | {"severity": finding.severity.name.lower()} for finding in checked.screening.findings
    ]
    row.tokens, row.seconds = outcome.output_tokens, round(time.monotonic() - began, 3)
    if checked.screening.held:
        row.status = "held"  # as on the site: what is held is shown to nobody but a moderator
    elif not checked.text.strip():
        row.status, row.error = "failed", f"nothing came ({outcome.stop})."
    else:
        row.suggestion = checked.text
    return row


def dump(row: Row) -> str:
    values = asdict(row)
    del values["seconds_to_text"]
    if not values["error"]:
        del values["error"]
    return json.dumps(values, ensure_ascii=False)
