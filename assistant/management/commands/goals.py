"""The goals that supporters can choose, and what asking for each changed; the page of the admins at the terminal."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from assistant import goals_page


class Command(BaseCommand):
    help = "Lists the goals of a revision in their order, or says what asking for each changed. Admins change them on their page."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("verb", choices=["list", "measure"])

    def handle(self, *_: Any, verb: str, **__: Any) -> None:
        page = goals_page.page()
        self.stdout.write(page["model"])
        for card in page["goals"]:
            goal = card["goal"]
            self.stdout.write(f"{goal.code:<20}  {goal.label}: {card['state']}")
            if verb == "list":
                self.stdout.write(f"    {card['first']['told']}")
                continue
            for one in (card["first"], *card["others"]):
                self._write_effect(one)

    def _write_effect(self, card: dict[str, Any]) -> None:
        effect = card["effect"]
        said = ", too few to say anything" if effect["too_few"] else ""
        self.stdout.write(f"    {card['name']}: asked {effect['asked']}, without any goal {effect['without']}{said}")
        for figure in effect["figures"]:
            self.stdout.write(f"        {figure['label']}: {figure['apart']} ({figure['clear']})")
            self.stdout.write(f"            {figure['with_goal']} with it; {figure['without']} without any goal")
