"""Collects the sentences of the pages into locale/, and compiles what is translated. For developers; needs GNU gettext."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from assistant.safety import pipeline
from assistant.safety.helplines import country_names
from assistant.safety.rules import Rule
from assistant.safety.topics import topics

OURS = ("assistant", "moderation", "static", "templates", "webapp")
COLLECTED = "sentences_in_data.py"  # the name under which a catalogue knows them
# The names that the site comes with; one that an admin wrote is shown as it is.
GOALS = {"Warmer", "Clearer", "Shorter", "Plainer", "One next step", "Open question", "Safer wording"}
LOOK = {"add_location": "file", "no_wrap": True, "no_obsolete": True}


class Command(BaseCommand):
    help = (
        "Collects the sentences of the pages and scripts into locale/, and compiles the catalogues. Needs GNU gettext."
    )

    def handle(self, *_: Any, **__: Any) -> None:
        languages = [code for code, _ in settings.LANGUAGES if code != "en"]
        elsewhere = [f"{path.name}/*" for path in Path.cwd().iterdir() if path.is_dir() and path.name not in OURS]
        looked_at = {"locale": languages, "ignore_patterns": ["*/tests/*", *elsewhere], "verbosity": 0, **LOOK}
        with sentences_in_data():
            call_command("makemessages", domain="django", extensions=["html", "py", "txt"], **looked_at)
        call_command("makemessages", domain="djangojs", extensions=["js"], **looked_at)
        call_command("compilemessages", locale=languages, verbosity=0)
        self.stdout.write(f"Collected and compiled: {', '.join(languages)}.")


@contextmanager
def sentences_in_data() -> Iterator[None]:
    """What is shown and stands in no marker: put where makemessages looks, for as long as it looks."""
    path = Path.cwd() / COLLECTED
    lines = [f"gettext_noop({sentence!r})\n" for sentence in sorted(collected())]
    path.write_text("".join(lines), encoding="utf-8")
    try:
        yield
    finally:
        path.unlink()


def collected() -> set[str]:
    """Of the lexicons, the phases, the topics, the countries, and the goals that the site comes with."""
    phases = pipeline.default_pipeline().phases
    rules = {rule for phase in phases for rule in getattr(phase, "rules", ())}
    trouble = {rule for rule in vars(pipeline).values() if isinstance(rule, Rule)}
    names = {name for code, name in country_names().items() if name != code}
    return {rule.reason for rule in rules | trouble} | {topic.label for topic in topics().values()} | names | GOALS
