"""What other rules would have said about the last decided cases, before they count."""

from __future__ import annotations

import os
import uuid
from argparse import ArgumentParser
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from assistant.management.commands.export_preferences import person_named
from moderation.models import Replay
from moderation.other_rules import CannotTry, Change
from moderation.replay_page import FATES, change_words, hours_words
from moderation.replay_results import Found, found_by
from moderation.replaying import begin, go_on

LOWEST = 19  # of the priorities that a process may give itself


class Command(BaseCommand):
    help = (
        "Runs the last decided cases through other rules and says what would flip. Nothing that screens the site is touched. "
        "Runs at the lowest priority; after a stop it goes on with --resume. Without a change: the rules of now against "
        "what was found when each text came, after an update of Lantern."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--policy", default="", metavar="FILE", help="another policy file")
        parser.add_argument("--review-at", type=float, help="another point of the classifier for a look")
        parser.add_argument("--urgent-at", type=float, help="another point of the classifier for holding")
        parser.add_argument("--classifier", default="", metavar="FILE", help="another classifier of posts")
        parser.add_argument("--reply-model", default="", metavar="FILE", help="another classifier of replies")
        parser.add_argument(
            "--model",
            "--adapter",
            dest="model",
            default="",
            metavar="NAME",
            help="a registered base or adapter: suggestions are made again with it",
        )
        parser.add_argument("--last", type=int, default=500, help="decided cases, latest first; default: 500")
        parser.add_argument("--by", metavar="NAME", help="who wants to know; stands in the row and in the audit log")
        parser.add_argument("--resume", type=uuid.UUID, metavar="ID", help="go on with this one")
        parser.add_argument("--list", action="store_true", help="earlier replays")

    def handle(
        self,
        *_: Any,
        policy: str,
        review_at: float | None,
        urgent_at: float | None,
        classifier: str,
        reply_model: str,
        model: str,
        last: int,
        by: str | None,
        resume: uuid.UUID | None,
        list: bool,
        **__: Any,
    ) -> None:
        if list:
            self.list()
            return
        if last < 1:
            raise CommandError(f"--last {last}: want 1 or more.")
        files = {"policy": policy, "classifier": classifier, "reply_model": reply_model}
        resolved = {name: str(Path(path).resolve()) for name, path in files.items() if path}
        change = Change(**resolved, review_at=review_at, urgent_at=urgent_at, model=model)
        with suppress(OSError):
            os.nice(LOWEST)
        try:
            replay = known(resume) if resume else begin(change, last=last, by=person_named(by) if by else None)
            self.stdout.write(f"{change_words(replay)}. If this stops: `manage.py replay --resume {replay.id}`.")
            for done, total in go_on(replay):
                self.stdout.write(f"{done} of {total}")
        except CannotTry as error:
            raise CommandError(str(error)) from error
        self.tell(found_by(replay))

    def list(self) -> None:
        for replay in Replay.objects.all():
            found = found_by(replay)
            state = (
                f"{found.flipped} flip(s)" if replay.done_at else f"{found.waiting} case(s) left: --resume {replay.id}"
            )
            self.stdout.write(f"{replay.at:%Y-%m-%d %H:%M}  {found.done} case(s)  {state}  {change_words(replay)}")

    def tell(self, found: Found) -> None:
        self.stdout.write(f"{found.done} case(s) compared, {found.skipped} skipped, {found.flipped} flip(s).")
        for flip in found.flips:
            told = f"people had upheld {flip.upheld} and not {flip.fine}"
            self.stdout.write(f"  {FATES[flip.before]} -> {FATES[flip.after]}: {flip.n}; {told}")
        for flip in found.levels:
            self.stdout.write(f"  level {flip.before} -> {flip.after}: {flip.n} post(s)")
        self.stdout.write(f"Review: {hours_words(found.hours)}.")


def known(replay_id: uuid.UUID) -> Replay:
    replay = Replay.objects.filter(id=replay_id).first()
    if replay is None:
        raise CommandError(f"{replay_id}: no such replay. `manage.py replay --list` shows them.")
    return replay
