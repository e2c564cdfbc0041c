"""The moderators' queue with ten thousand open flags: how soon a page is there, and how soon others see a change.

python -m bench.queue                         SQLite, the embedded form
python -m bench.queue --database postgres     Postgres and Redis, the outgrown form
python -m bench.queue --flags 2000 --rounds 20

The whole site runs as processes. Pages are asked for over HTTP by one moderator, in turns, from the first byte sent to the
last one read; a live update is taken in a real browser, from the moment that another moderator's click is sent to the moment
that the row on the page says so.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from bench.click_to_text import open_context
from bench.engine.figures import quantile
from bench.engine.machine import cpu_seconds, family, watching
from scripts.setup.machine import chromium
from webapp.private_servers import PrivatePostgres, PrivateRedis
from webapp.running import PASSWORD, ROOT, Embedded, Outgrown, Site
from webapp.visitor import Visitor

FILL = "import django\ndjango.setup()\nfrom bench.queue_fill import fill\nprint(fill({}))"
PAGE_MS, LIVE_MS = 300.0, 1_000.0  # what 95 of a hundred stay under
# The wall clock, because the click is another process's: the moment that a row's state changes or a row comes.
WATCH = """() => {
  window.lanternRows = [];
  const note = () => window.lanternRows.push(Date.now());
  const box = document.getElementById("queue-rows");
  new MutationObserver(note).observe(box, { subtree: true, attributes: true, attributeFilter: ["data-state"] });
}"""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.queue", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--flags", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="lantern-queue-") as folder, started(Path(folder), given.database) as site:
        waiting = filled(site, given.flags)
        with Visitor(site.url) as admin, watching(family(os.getpid())) as load:
            admin.sign_in()
            ash, birch = (admin.invite(name, "lead") for name in ("ash", "birch"))
            figures = measure_pages(ash, rounds=given.rounds)
            figures["live update"] = Figure(measure_live(site.url, birch, rounds=max(10, given.rounds // 3)))
    print(f"{waiting} open flags, {given.database}, neighbours {load.neighbours:.0%} of a core\n")
    print("| what | p50 ms | p95 ms | most ms | site CPU ms | taken | target |")
    print("| --- | --: | --: | --: | --: | --: | --- |")
    met = [tell(name, figure) for name, figure in figures.items()]
    return 0 if all(met) else 1


def filled(site: Site, flags: int) -> int:
    command = [sys.executable, "-c", FILL.format(flags)]
    env = site.env | {"DJANGO_SETTINGS_MODULE": "webapp.settings"}
    done = subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.PIPE, text=True)
    return int(done.stdout)


@dataclass(slots=True)
class Figure:
    milliseconds: list[float] = field(default_factory=list)
    cpu_seconds: float = 0.0  # of all the site's processes together, over all rounds; neighbours cannot make it longer


@contextlib.contextmanager
def started(folder: Path, database: str) -> Iterator[Site]:
    """Without a model: it has no part in this."""
    with contextlib.ExitStack() as servers:
        if database == "sqlite":
            yield servers.enter_context(Embedded(folder / "site"))
            return
        postgres, redis = PrivatePostgres(folder / "postgres"), PrivateRedis(folder / "redis")
        for server in (postgres, redis):
            server.start()
            servers.callback(server.stop)
        yield servers.enter_context(Outgrown(folder / "site", database=postgres.url, redis=redis.url))


def measure_pages(person: Visitor, *, rounds: int) -> dict[str, Figure]:
    """The first round is not counted: it loads what a process loads once."""
    first = person.page("/moderation/")
    last = re.findall(r'data-flag="([\w-]+)"', first)[-1]
    addresses = {
        "queue": "/moderation/",
        "queue, filtered": "/moderation/?level=1&policy=crisis&language=en",
        "rows, as the live page asks": f"/moderation/rows?upto={last}",
        "further page": f"/moderation/?after={last}",
    }
    figures = {name: Figure() for name in [*addresses, "take the next one"]}
    for round_ in range(rounds + 1):
        for name, figure in figures.items():
            before, began = site_seconds(), time.perf_counter()
            if name in addresses:
                person.page(addresses[name])
            else:
                person.send("/moderation/next")
            milliseconds = 1000 * (time.perf_counter() - began)
            if round_ > 0:
                figure.milliseconds.append(milliseconds)
                figure.cpu_seconds += site_seconds() - before
    let_go(person)
    return figures


def let_go(person: Visitor) -> None:
    """Of what *take the next one* took: more than a page holds, so that no row on it would be free."""
    while mine := re.findall(r'class="flag mine" id="row-([\w-]+)"', person.page("/moderation/")):
        for flag in mine:
            person.send(f"/moderation/flags/{flag}/end-claim")


def site_seconds() -> float:
    """Processor time of everything that this measurement started."""
    return sum(cpu_seconds(pid) for pid in family(os.getpid())[1:])


def measure_live(url: str, other: Visitor, *, rounds: int) -> list[float]:
    """Another moderator takes the first flag and lets it go, again and again."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])
        page = open_context(browser).new_page()
        page.goto(url)
        page.fill("input[name=login]", "ash")
        page.fill("input[name=password]", PASSWORD)
        page.click("main button[type=submit]")
        page.goto(f"{url}/moderation/")
        page.wait_for_function("document.getElementById('queue-live').textContent.includes('live')")
        page.evaluate(WATCH)
        flag = page.locator("#queue-rows li.flag:not(:has(.chip.good))").first.get_attribute("data-flag")
        taken = []
        for number in range(rounds):
            taken.append(seen_after(page, other, f"/moderation/flags/{flag}/{'end-claim' if number % 2 else 'claim'}"))
            page.wait_for_timeout(700)  # so that no look that was due already is taken for the answer
        browser.close()
    return taken


def seen_after(page: Page, other: Visitor, address: str) -> float:
    page.evaluate("window.lanternRows.length = 0")
    began = time.time()
    other.send(address)
    page.wait_for_function("window.lanternRows.length > 0", timeout=15_000, polling=50)
    return float(page.evaluate("window.lanternRows[0]")) - 1000 * began


def tell(name: str, figure: Figure) -> bool:
    times = figure.milliseconds
    p50, p95 = (quantile(times, share) for share in (0.5, 0.95))
    most = LIVE_MS if name == "live update" else PAGE_MS
    met = p95 <= most
    cpu = f"{1000 * figure.cpu_seconds / len(times):.0f}" if figure.cpu_seconds else "-"
    said = "met" if met else "not met"
    print(f"| {name} | {p50:.0f} | {p95:.0f} | {max(times):.0f} | {cpu} | {len(times)} | {most:.0f}: {said} |")
    return met


if __name__ == "__main__":
    sys.exit(main())
