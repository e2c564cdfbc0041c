"""The writing page in a real browser with the real model: how soon words come, how typing feels meanwhile, what it weighs.

python -m bench.page                      10 rounds
python -m bench.page --rounds 30          for figures to quote, on a quiet machine

Each round asks twice and types twice: on the writing page, and on a bare page of the same address that holds nothing but a
<textarea> of the same size, font and words. The two take turns in who is first; a suggestion is being written during both. The
model cannot read 20,000 characters, so it is asked about a short draft, and the rest is put in as soon as its first words stand
there. Keys come in bursts with pauses in which the page saves, in the middle of the text.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, sync_playwright

from bench.click_to_text import SAVED, Supporter, enter_posts, open_context, start_site
from bench.engine.cases import make_case
from bench.engine.figures import paired_ratio, quantile, quantile_interval
from bench.engine.machine import MOST_NEIGHBOURS, Load, describe, family, watching
from bench.page_weight import MOST_BYTES, Fetched, Hosts, weigh, weight
from scripts.setup.machine import chromium
from webapp.visitor import Visitor

LONG_FRAME_MS = 50.0
CHARACTERS = 19_600  # a draft may have 20,000; the rest is for the keys
BURST, KEY_PAUSE_MS, SAVE_PAUSE_MS = "and so on, ", 60, 1_200  # the page saves 800 ms after the last key
FEWEST_BURSTS, MOST_BURSTS = 3, 12

# keys: from the time the browser gave the key to after the frame that followed it. frames: those that Chromium calls long, with
# the time of our scripts in them (it tells files from 5 ms on) and of rendering. gaps: between two frames.
PROBE = """
() => {
  const seen = { keys: [], handled: [], frames: [], tasks: [], gaps: [] };
  window.lanternTyping = seen;
  const streams = () => { const live = document.getElementById("live"); return !!live && !live.hidden; };
  addEventListener("keydown", (event) => {
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => seen.keys.push([performance.now() - event.timeStamp, streams()]);
      channel.port2.postMessage(0);
    });
  }, true);
  const observe = (type, note, more = {}) =>
    new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({ type, ...more });
  observe("event", (one) => seen.handled.push(one.processingEnd - one.processingStart), { durationThreshold: 16 });
  observe("longtask", (one) => seen.tasks.push(one.duration));
  observe("long-animation-frame", (one) => {
    const own = one.scripts.filter((script) => script.sourceURL.startsWith(location.origin));
    seen.frames.push({
      whole: one.duration,
      ours: own.reduce((sum, script) => sum + script.duration, 0),
      rendering: one.renderStart ? one.startTime + one.duration - one.renderStart : 0,
      where: own.map((script) => `${script.sourceURL.split("/").pop()} ${script.invoker}`),
    });
  });
  let before = 0;
  const tick = (now) => { if (before) seen.gaps.push(now - before); before = now; requestAnimationFrame(tick); };
  requestAnimationFrame(tick);
}
"""
# Filled: the field grows with its words, up to a height.
LOOKS = """
(area, words) => {
  const before = area.value;
  area.value = words;
  const { width, height } = area.getBoundingClientRect();
  const style = getComputedStyle(area);
  const looks = `box-sizing:border-box;width:${width}px;height:${height}px;font:${style.font};padding:${style.padding}`;
  area.value = before;
  return looks;
}
"""


@dataclass(slots=True)
class Typing:
    """One stretch of typing. Milliseconds; CPU is that of the page's main thread alone, so that neighbours do not count."""

    keys: list[float] = field(default_factory=list)
    while_streaming: list[float] = field(default_factory=list)
    handled: list[float] = field(default_factory=list)
    frames: list[dict[str, Any]] = field(default_factory=list)
    tasks: list[float] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    cpu: dict[str, float] = field(default_factory=dict)  # of a key: script, layout, style, all


@dataclass(slots=True)
class Run:
    first: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    without_text: int = 0
    ours: list[Typing] = field(default_factory=list)
    bare: list[Typing] = field(default_factory=list)


class Writer(Supporter):
    """Answers one post all the time: each round replaces the draft."""

    def __init__(self, context: BrowserContext, url: str, name: str) -> None:
        super().__init__(context, url, name)
        self.inspector = context.new_cdp_session(self.page)
        self.inspector.send("Performance.enable", {"timeDomain": "threadTicks"})
        self.page.get_by_role("button", name="Help the next person").click()
        self.page.wait_for_url("**/drafts/*/")
        self.draft = self.page.url
        self.long = long_text()
        self.looks = self.page.locator("#reply-text").evaluate(LOOKS, self.long)

    def ask(self, text: str, *, think: float, run: Run) -> None:
        """Until the first words came, or it ended without any."""
        self.page.goto(self.draft)
        while self.page.locator("#live-job").count():  # the bare page was left while it was being written
            self.page.wait_for_timeout(1_000)
            self.page.goto(self.draft)
        self.fill(text)
        self.page.wait_for_timeout(1000 * think)
        self.page.locator("#suggestion").evaluate("node => node.replaceChildren()")  # of the round before
        self.click()
        first = self.waited()
        if first is None:
            run.without_text += 1
        else:
            run.first.append(first)

    def type_on_the_page(self, run: Run) -> int:
        """While the suggestion is written, and a little longer; how many bursts that took."""
        typing, bursts = self._type(at_most=MOST_BURSTS, until="document.getElementById('live').hidden")
        run.ours.append(typing)
        # What is saved on leaving may arrive after the page is opened again, which would then be behind.
        self.page.locator("#save-state").filter(has_text=SAVED).wait_for()
        seen = self.page.evaluate("window.lanternSeen")
        if seen["whole"]:
            run.whole.append(seen["whole"] - seen["clicked"])
        return bursts

    def type_on_a_bare_page(self, run: Run, *, bursts: int) -> None:
        address = f"{self.url}/bare"
        body = f'<!doctype html><title>Bare</title><textarea id="reply-text" style="{escape(self.looks)}"></textarea>'
        self.page.route(address, lambda route: route.fulfill(body=body, content_type="text/html"))
        self.page.goto(address)
        run.bare.append(self._type(at_most=bursts)[0])

    def _type(self, *, at_most: int, until: str = "") -> tuple[Typing, int]:
        area = self.page.locator("#reply-text")
        area.fill(self.long)
        area.evaluate("area => area.setSelectionRange(area.value.length / 2, area.value.length / 2)")
        self.page.evaluate(PROBE)
        before, bursts = self._cpu(), 0
        while bursts < at_most and not (until and bursts >= FEWEST_BURSTS and self.page.evaluate(until)):
            for letter in BURST:
                self.page.keyboard.press(letter)
                self.page.wait_for_timeout(KEY_PAUSE_MS)
            self.page.wait_for_timeout(SAVE_PAUSE_MS)
            bursts += 1
        cpu = {name: value - before[name] for name, value in self._cpu().items()}
        seen = self.page.evaluate("window.lanternTyping")
        keys = len(seen["keys"])
        typing = Typing(
            keys=[wait for wait, _streams in seen["keys"]],
            while_streaming=[wait for wait, streams in seen["keys"] if streams],
            handled=seen["handled"],
            frames=seen["frames"],
            tasks=seen["tasks"],
            gaps=seen["gaps"],
            cpu={name: 1000 * value / keys for name, value in cpu.items()},
        )
        return typing, bursts

    def _cpu(self) -> dict[str, float]:
        told = {one["name"]: one["value"] for one in self.inspector.send("Performance.getMetrics")["metrics"]}
        return {
            "script": told["ScriptDuration"],
            "layout and style": told["LayoutDuration"] + told["RecalcStyleDuration"],
            "all": told["TaskDuration"],
        }


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.page", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--think", type=float, default=2.0, help="seconds between the save and the click")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args(arguments)
    hosts, run = Hosts(), Run()
    with tempfile.TemporaryDirectory(prefix="lantern-page-") as folder:
        site = start_site(Path(folder), SUGGESTIONS_PER_TEN_MINUTES="10000")
        with site, Visitor(site.url) as admin, sync_playwright() as driver:
            enter_posts(site, Path(folder), count=2)
            admin.sign_in().invite("writer", "supporter")
            browser = driver.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])
            context = open_context(browser)
            hosts.watch(context)
            writer = Writer(context, site.url, "writer")
            files = weigh(browser, writer.draft, context.cookies())
            with watching(family(os.getpid())) as load:  # the site, the driver and the browser
                measure(writer, run, rounds=given.rounds, think=given.think)
            browser.close()
    outside = hosts.seen - {urlsplit(site.url).netloc}
    verdicts = [*tell_clicks(run), *tell_typing(run, load), *tell_weight(files, outside)]
    if given.json is not None:
        told = {
            "machine": describe(),
            "load": asdict(load),
            "run": asdict(run),
            "files": [asdict(one) for one in files],
        }
        given.json.write_text(json.dumps(told, indent=1), encoding="utf-8")
    return 0 if all(verdicts) else 1


def measure(writer: Writer, run: Run, *, rounds: int, think: float) -> None:
    """The first round is not counted: it loads what every process loads once."""
    bursts = FEWEST_BURSTS
    for round_ in range(rounds + 1):
        counted = run if round_ else Run()
        for arm in ("page", "bare")[:: 1 if round_ % 2 else -1]:
            writer.ask(make_case("page", round_, arm).draft, think=think, run=counted)
            if arm == "page":
                bursts = writer.type_on_the_page(counted)
            else:
                writer.type_on_a_bare_page(counted, bursts=bursts)


def long_text() -> str:
    paragraphs: list[str] = []
    while sum(len(one) + 2 for one in paragraphs) < CHARACTERS:
        paragraphs.append(make_case("long", len(paragraphs)).draft)
    return "\n\n".join(paragraphs)[:CHARACTERS]


# Telling


def tell_clicks(run: Run) -> list[bool]:
    print("| from the click to | n | p50 ms | p95 ms |\n| --- | --: | --: | --: |")
    for name, values in (("the first visible text", run.first), ("the whole change list", run.whole)):
        print(f"| {name} | {len(values)} | {with_interval(values, 0.5)} | {with_interval(values, 0.95)} |")
    print(
        f"Ended without a word to show: {run.without_text}. In brackets: 95 % intervals; - where n is too small for a bound.\n"
    )
    return [bool(run.first)]


def tell_typing(run: Run, load: Load) -> list[bool]:
    arms = {"the writing page": run.ours, "a bare <textarea>": run.bare}
    print(f"Typing into {CHARACTERS:,} characters, {len(run.ours)} rounds each:\n")
    print("| | n | from key to frame, p50 ms | p95 ms | longest | longest gap between frames | longest task |")
    print("| --- | --: | --: | --: | --: | --: | --: |")
    for name, rounds in arms.items():
        row(name, [key for one in rounds for key in one.keys], rounds)
    row("… while it streams", [key for one in run.ours for key in one.while_streaming], None)
    print("\n| CPU of the main thread, ms a key | the writing page | bare | ratio, round by round |")
    print("| --- | --: | --: | --: |")
    for part in ("script", "layout and style", "all"):
        ours, bare = ([one.cpu[part] for one in rounds] for rounds in arms.values())
        print(f"| {part} | {quantile(ours, 0.5):.2f} | {quantile(bare, 0.5):.2f} | {ratio(ours, bare)} |")
    medians = [[quantile(one.keys, 0.5) for one in rounds] for rounds in arms.values()]
    print(f"| key to frame, p50 of a round | | | {ratio(*medians)} |\n")
    frames = [frame for one in run.ours for frame in one.frames]
    none: dict[str, Any] = {"ours": 0.0, "where": []}
    worst = max(frames, key=lambda frame: frame["ours"], default=none)
    met = worst["ours"] <= LONG_FRAME_MS
    quiet = load.neighbours <= MOST_NEIGHBOURS
    print(
        f"Frames over {LONG_FRAME_MS:.0f} ms: {len(frames)} beside {sum(len(one.frames) for one in run.bare)} on the bare page. "
        f"Most time of our scripts in one: {worst['ours']:.0f} ms {worst['where'] or ''}: "
        f"{'met' if met else 'not met'} (<= {LONG_FRAME_MS:.0f} ms).\n"
        f"Neighbours took {load.neighbours:.0%} of a core"
        + (
            "."
            if quiet
            else ": times, other than CPU, are too long by what they took. Measure again on a quiet machine."
        )
        + "\n"
    )
    return [met or not quiet]


def row(name: str, keys: Sequence[float], rounds: Sequence[Typing] | None) -> None:
    gaps = tasks = ""
    if rounds is not None:
        gaps = f"{max(gap for one in rounds for gap in one.gaps):.0f}"
        tasks = f"{max((task for one in rounds for task in one.tasks), default=0):.0f}"
    longest = f"{max(keys, default=0):.0f}"
    print(
        f"| {name} | {len(keys)} | {with_interval(keys, 0.5)} | {with_interval(keys, 0.95)} | {longest} | {gaps} | {tasks} |"
    )


def tell_weight(files: Sequence[Fetched], outside: set[str]) -> list[bool]:
    print("| file | kind | packed | bytes over the wire |\n| --- | --- | --- | --: |")
    for one in files:
        print(one.row)
    whole = weight(files)
    print(f"\nThe writing page with an empty cache: {whole:,} bytes in {len(files)} files; at most {MOST_BYTES:,}.")
    print(f"Hosts outside: {', '.join(sorted(outside)) or 'none'}.")
    return [whole <= MOST_BYTES, not outside]


def with_interval(values: Sequence[float], share: float) -> str:
    if not values:
        return "-"
    low, high = (f"{one:.0f}" if one is not None else "-" for one in quantile_interval(values, share))
    return f"{quantile(values, share):.0f} [{low}, {high}]"


def ratio(ours: Sequence[float], bare: Sequence[float]) -> str:
    found = paired_ratio(ours, bare)
    return f"{found.median:.2f} ({found.low:.2f} to {found.high:.2f})"


if __name__ == "__main__":
    sys.exit(main())
