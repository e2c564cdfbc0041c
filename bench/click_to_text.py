"""From the click on "Improve my draft" to the first words that a person can read, in a real browser.

python -m bench.click_to_text                     1 person, then 8 at a time, 5 rounds each
python -m bench.click_to_text --rounds 20 --people 1

The whole site runs, as `manage.py serve` starts it, with the model in use. A supporter takes a post, writes, waits until the
page says that it is saved and thinks for a few seconds; meanwhile the site prepares. What is shown has passed the safety
phases, so the time holds everything: saving, queue, model, checks, database, socket and page. It is taken in the page, by a
watcher of the text's element, so that driving the browser adds nothing. The eight people share one browser and one machine
with the site: their pages cost it something, as they would not in life.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from assistant.inference.modelfile import measured_file
from bench.engine.cases import make_case
from bench.engine.figures import quantile
from bench.engine.files import model_in_use
from bench.engine.machine import describe, family, watching
from scripts.setup.machine import chromium
from scripts.setup.verbs import site_env
from webapp.running import PASSWORD, Embedded
from webapp.visitor import Visitor

OVER_WITHIN_MS = 120_000
SAVED = re.compile(r"Saved (just now|\d+ s ago)")  # by this page

# From the click, which the page itself hears, to the first frame after words stand in either place where they may stand.
WATCH = """
() => {
  const seen = { clicked: 0, first: 0, whole: 0 };
  window.lanternSeen = seen;
  document.getElementById("improve").addEventListener("click", () => { seen.clicked = performance.now(); }, true);
  const look = () => {
    if (!seen.clicked || seen.whole) return;
    const live = document.getElementById("live");
    const text = !live.hidden ? document.getElementById("live-text").textContent.trim() : "";
    const done = live.hidden ? document.querySelector("#suggestion [data-suggestion]") : null;
    if (text || done) requestAnimationFrame(() => { seen.first = seen.first || performance.now(); });
    if (done) requestAnimationFrame(() => { seen.whole = seen.whole || performance.now(); });
  };
  const all = { subtree: true, childList: true, attributes: true, characterData: true };
  new MutationObserver(look).observe(document.getElementById("help"), all);
}
"""


@dataclass(frozen=True, slots=True)
class Figure:
    people: int
    rounds: int
    milliseconds: list[float]
    without_text: int  # ended without a word to show: held, failed or nothing to change
    neighbours: float

    @property
    def row(self) -> str:
        if not self.milliseconds:
            return f"| {self.people} | - | - | 0 | {self.without_text} | {self.neighbours:.0%} |"
        p50, p95 = (quantile(self.milliseconds, share) for share in (0.5, 0.95))
        return (
            f"| {self.people} | {p50:.0f} | {p95:.0f} | {len(self.milliseconds)} | {self.without_text} "
            f"| {self.neighbours:.0%} |"
        )


class Supporter:
    def __init__(self, context: BrowserContext, url: str, name: str) -> None:
        self.page: Page = context.new_page()
        self.page.set_default_timeout(OVER_WITHIN_MS)
        self.page.goto(url)
        self.page.fill("input[name=login]", name)
        self.page.fill("input[name=password]", PASSWORD)
        self.page.click("main button[type=submit]")
        self.url = url

    def write(self, text: str) -> None:
        self.page.goto(f"{self.url}/posts/")
        self.page.get_by_role("button", name="Help the next person").click()
        self.fill(text)

    def fill(self, text: str) -> None:
        """Until the page says that it is saved; then the click is waited for."""
        self.page.locator("#reply-text").fill(text)
        self.page.locator("#save-state").filter(has_text=SAVED).wait_for()
        self.page.evaluate(WATCH)

    def click(self) -> None:
        # Returns at once; a click of the driver would wait until the page is stable and keep the other people waiting.
        self.page.evaluate("setTimeout(() => document.getElementById('improve').click(), 0)")

    def waited(self) -> float | None:
        """Milliseconds; None when it ended without words."""
        self.page.wait_for_function(
            "window.lanternSeen.first || document.querySelector('#suggestion .notice, #ask-refused:not([hidden])')",
            timeout=OVER_WITHIN_MS,
            polling=100,
        )
        seen = self.page.evaluate("window.lanternSeen")
        return seen["first"] - seen["clicked"] if seen["first"] else None

    def leave(self) -> None:
        """Until the model is done, so that rounds do not mix, and then send, so that the next post comes."""
        self.page.wait_for_function("document.getElementById('live').hidden", timeout=OVER_WITHIN_MS, polling=100)
        self.page.get_by_role("button", name="Send", exact=True).click()
        self.page.wait_for_url("**/replies/**", timeout=20_000)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.click_to_text", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--people", type=int, action="append", help="at a time; again for more (1 and 8)")
    parser.add_argument("--think", type=float, default=3.0, help="seconds between the save and the click, at most")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args(arguments)
    counts = given.people or [1, 8]
    with tempfile.TemporaryDirectory(prefix="lantern-clicks-") as folder:
        site = start_site(Path(folder))
        with site, Visitor(site.url) as admin, sync_playwright() as driver:
            enter_posts(site, Path(folder), count=(max(counts) + 1) * given.rounds * len(counts) * 2)
            admin.sign_in()
            names = [f"reader{number}" for number in range(max(counts))]
            for name in names:
                admin.invite(name, "supporter")
            browser = driver.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])
            people = [Supporter(open_context(browser), site.url, name) for name in names]
            figures = [measure(people[:count], rounds=given.rounds, think=given.think, seed=count) for count in counts]
            browser.close()
    print(
        "| at a time | p50 ms | p95 ms | clicks | ended without words | neighbours |\n| --: | --: | --: | --: | --: | --: |"
    )
    for figure in figures:
        print(figure.row)
    if given.json is not None:
        told = {"machine": describe(), "figures": [asdict(figure) for figure in figures]}
        given.json.write_text(json.dumps(told, indent=1), encoding="utf-8")
    return 0 if all(figure.milliseconds for figure in figures) else 1


def open_context(browser: Browser) -> BrowserContext:
    return browser.new_context(bypass_csp=True)  # the driver evaluates strings to wait


def start_site(folder: Path, **more: str) -> Embedded:
    """`more`: settings."""
    of_make_run = {name: value for name, value in site_env().items() if name.startswith(("OMP_", "GOMP_"))}
    model = measured_file(model_in_use())
    named = {"MODEL_PATH": str(model.path), "MODEL_SHA256": model.sha256, "JOB_MAX_TOKENS": "120"}
    return Embedded(folder, settings=of_make_run | named | more)


def enter_posts(site: Embedded, folder: Path, *, count: int) -> None:
    lines = [
        json.dumps({"id": f"clicks-{number}", "text": make_case("clicks", number).post, "language": "en"})
        for number in range(count)
    ]
    (folder / "posts.jsonl").write_text("\n".join(lines), encoding="utf-8")
    site.command("import_posts", str(folder / "posts.jsonl"))


def measure(people: Sequence[Supporter], *, rounds: int, think: float, seed: int) -> Figure:
    """The first round is not counted: it loads what every process loads once."""
    chance = random.Random(f"clicks {seed}")
    milliseconds: list[float] = []
    without = 0
    with watching(family(os.getpid())) as load:  # the site, the driver and the browser
        for round_ in range(rounds + 1):
            for number, person in enumerate(people):
                person.write(make_case("draft", seed, round_, number).draft)
            people[0].page.wait_for_timeout(1000 * chance.uniform(think / 2, think))
            for person in people:
                person.click()
            waits = [person.waited() for person in people]
            for person in people:
                person.leave()
            if round_ > 0:
                milliseconds += [wait for wait in waits if wait is not None]
                without += sum(wait is None for wait in waits)
    return Figure(len(people), rounds, milliseconds, without, load.neighbours)


if __name__ == "__main__":
    sys.exit(main())
