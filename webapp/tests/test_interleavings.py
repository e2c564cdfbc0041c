"""Typing, a change list that arrives late, using, keeping, undoing, and a network that fails, in any order: the words are exact.

The page's own saver and change list run in a real browser on the real markup; the clock and the server are simulated, so that a
thousand evenings take seconds. The reference model is a list of sentences that knows nothing of places in a text.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.template.loader import render_to_string
from playwright.sync_api import Browser, Page, Route

from assistant.changes import changes_between
from assistant.screens.changes import change_row
from assistant.tests.effort import runs
from webapp.tests import test_place as place
from webapp.tests.browser import RANDOM_FROM

pytestmark = pytest.mark.browser

SCRIPTS = Path(settings.BASE_DIR) / "static" / "js"
HOST = "http://simulated.test"
RUNS = runs(200)
STEPS = 25
SENTENCES = [
    *place.SENTENCES,
    "The library has a quiet room.",
    "Write again on Monday, if you like.",
]

SIMULATION = (
    """
async ({ runs, breakRule }) => {
  // A clock that only moves when it is told to. The modules find it in place of the browser's.
  let now = 0;
  let timers = [];
  let next = 1;
  window.setTimeout = (call, wait = 0) => (timers.push({ id: next, at: now + wait, call }), next++);
  window.clearTimeout = (id) => (timers = timers.filter((timer) => timer.id !== id));
  const hop = () => new Promise((done) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => (port1.close(), done());
    port2.postMessage(0);
  });
  let onTheWay = 0;
  async function settled() {
    do await hop();
    while (onTheWay);
  }
  async function pass(milliseconds) {
    const until = now + milliseconds;
    for (;;) {
      await settled();
      timers.sort((one, other) => one.at - other.at);
      if (!timers.length || timers[0].at > until) break;
      now = timers[0].at;
      timers.shift().call();
    }
    now = until;
    await settled();
  }

  // The server: numbered revisions, of which one counts; what comes from behind is kept beside it.
  let server;
  let network;
  window.fetch = async (url, { body }) => {
    onTheWay += 1;
    await hop();
    onTheWay -= 1;
    if (network.random() < network.lost) throw new TypeError("never arrived");
    const { status, body: told } = answerTo(url, Object.fromEntries(body));
    if (network.random() < network.lost) throw new TypeError("its answer was lost");
    return { ok: status === 200, status, type: "basic", json: async () => told };
  };
  function answerTo(url, { text, base, verdict }) {
    const head = server.kept.at(server.head) ?? { number: 0, text: null };
    let revision = head.number;
    if (text !== head.text) {
      server.kept.push({ number: server.kept.length + 1, text });
      revision = server.kept.length;
      if (Number(base) !== head.number) {
        return { status: 409, body: { error: "newer", message: "newer", revision: head.number, text: head.text } };
      }
      server.head = server.kept.length - 1;
    }
    if (verdict) server.verdicts.push([url, verdict]);
    return { status: 200, body: { revision } };
  }

  const { Saver } = await import("/static/js/saver.js");
  const { Changes } = await import("/static/js/changes.js");
  const words = (text) => text.split(/\\s+/).filter(Boolean);
"""
    + RANDOM_FROM
    + """
  async function evening({ seed, draft, sentences, markup, steps }) {
    const random = randomFrom(seed);
    const pick = (list) => list[Math.floor(random() * list.length)];
    network = { random, lost: 0 };
    server = { kept: [{ number: 1, text: draft }], head: 0, verdicts: [] };
    timers = [];
    document.body.innerHTML = '<textarea></textarea><div id="place"></div>';
    const area = document.querySelector("textarea");
    area.value = area.defaultValue = draft;
    const saver = new Saver(area, { url: "/save", base: 1 });
    area.addEventListener("lantern:editing", (event) => (saver.byScript = event.detail));
    area.addEventListener("input", () => saver.byScript || saver.typed());

    // The reference: sentences, each as the person left it, and what was taken of the suggestion.
    let model = sentences.map((text) => ({ text, own: true, before: text }));
    const added = new Set();
    let items = [];
    let mine = 0;

    const shown = () => words(area.value).join(" ");
    const expected = () => words(model.map((one) => one.text).join(" ")).join(" ");
    const without = (text) => [...added].reduce((rest, part) => rest.replace(words(part).join(" "), " "), text);
    const same = () => words(without(shown())).join(" ") === expected();

    function type(from, to) {
      const at = area.value.indexOf(from);
      if (at < 0) throw new Error(`typed into nothing: ${from}`);
      area.setRangeText(to, at, at + from.length, "end");
      area.dispatchEvent(new InputEvent("input", { bubbles: true }));
    }
    const acts = {
      append() {
        const text = `My words number ${++mine}.`;
        area.setRangeText(`${area.value ? " " : ""}${text}`, area.value.length, area.value.length, "end");
        area.dispatchEvent(new InputEvent("input", { bubbles: true }));
        model.push({ text, own: true, before: null });
      },
      edit() {
        const own = model.filter((one) => one.text && one.own);
        if (!own.length) return;
        const one = pick(own);
        const cut = one.text.lastIndexOf(" ");
        const text = `${one.text.slice(0, cut)} (${++mine})${one.text.slice(cut)}`;
        type(one.text, text);
        one.text = text;
      },
      erase() {
        const own = model.filter((one) => one.text && one.own);
        if (!own.length) return;
        const one = pick(own);
        type(one.text, "");
        model = model.filter((other) => other !== one);
      },
      arrive() {
        if (items.length) return;
        document.getElementById("place").innerHTML = markup;
        const list = document.querySelector("ol.changes");
        new Changes(list, { textarea: area, saver, say() {} });
        items = [...list.querySelectorAll("li.change")].filter((item) => item.dataset.kind !== "keep");
      },
      decide() {
        if (!items.length) return;
        const item = pick(items);
        const verdict = item.dataset.state ? "undone" : pick(["accepted", "accepted", "kept", "unhelpful"]);
        const { kind, before, after, state } = item.dataset;
        const was = area.value;
        item.querySelector(`button[value="${verdict}"]`).click();
        const touched = area.value !== was;
        if (verdict === "kept" || verdict === "unhelpful" || (verdict === "undone" && state !== "accepted")) {
          if (touched) throw new Error(`${verdict} touched the text`);
          return;
        }
        if (item.dataset.state === state) {
          if (touched || !item.querySelector(".why").textContent) throw new Error("set aside without a reason, or not at all");
          return;
        }
        if (kind === "insert") {
          if (verdict === "accepted") added.add(after);
          else added.delete(after);
          return;
        }
        const [from, to] = verdict === "accepted" ? [before, after] : [after, before];
        const one = model.find((other) => other.before?.trim() === before.trim() && other.text.trim() === from.trim());
        if (!one) throw new Error(`forced into a sentence that was changed: ${from}`);
        one.text = to.trim();
        one.own = verdict !== "accepted";
      },
      wait: () => pass(pick([100, 900, 5000])),
      cut() {
        network.lost = pick([0, 0.3, 1]);
      },
    };
    if (breakRule === "forgets") saver.noteTyped = () => {};

    const often = ["append", "edit", "edit", "erase", "arrive", "decide", "decide", "decide", "decide", "wait", "wait", "cut"];
    const done = [];
    for (let step = 0; step < steps; step += 1) {
      const act = pick(often);
      done.push(act);
      await acts[act]();
      if (!same()) return { seed, done, shown: shown(), expected: expected(), why: "the text is not what was typed and chosen" };
    }
    network.lost = 0;
    await pass(200000);
    const kept = server.kept[server.head].text;
    if (saver.state !== "saved" || kept !== area.value) {
      return { seed, done, shown: shown(), expected: kept, why: `the server has other words, the saver is ${saver.state}` };
    }
    return null;
  }

  const wrong = [];
  for (const run of runs) {
    try {
      const found = await evening(run);
      if (found) wrong.push(found);
    } catch (error) {
      wrong.push({ seed: run.seed, why: String(error) });
    }
  }
  return wrong.slice(0, 3);
}
"""
)


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Iterator[Page]:
    page = chromium.new_page()

    def serve(route: Route) -> None:
        name = route.request.url.removeprefix(f"{HOST}/static/js/")
        if name.endswith(".js"):
            route.fulfill(body=(SCRIPTS / name).read_text(encoding="utf-8"), content_type="text/javascript")
        else:
            route.fulfill(body='<meta name="csrf-token" content="x">', content_type="text/html")

    page.route(f"{HOST}/**", serve)
    page.goto(f"{HOST}/")
    yield page
    page.close()


def a_run(seed: int) -> dict[str, Any]:
    """A draft, and the markup of what a suggestion changes in it."""
    dice = random.Random(seed)
    own = dice.sample(SENTENCES, dice.randint(1, 5))
    offered = [
        one.replace("you", "you really").replace("I ", "I still ") if dice.random() < 0.5 else one
        for one in own
        if dice.random() > 0.2
    ]
    for _ in range(dice.randint(0, 2)):
        offered.insert(dice.randint(0, len(offered)), dice.choice([one for one in SENTENCES if one not in own]))
    draft = " ".join(own)
    changes = changes_between(draft, " ".join(dict.fromkeys(offered)))
    suggestion = {
        "id": "00000000-0000-0000-0000-000000000000",
        "status": "shown",
        "why_not": [("voice", "It does not sound like me")],
        "changes": [change_row(one, None, stopped=set(), locked=set()) for one in changes],
    }
    context = {"suggestion": suggestion, "open": True, "revision": {"number": 1, "text": draft}}
    markup = render_to_string("assistant/_suggestion.html", context)
    return {"seed": seed, "draft": draft, "sentences": own, "markup": markup, "steps": STEPS}


def test_whatever_happens_in_whatever_order_the_words_are_those_that_were_typed_and_chosen(page: Page) -> None:
    wrong = page.evaluate(SIMULATION, {"runs": [a_run(seed) for seed in range(RUNS)], "breakRule": ""})
    assert wrong == []


def test_the_simulation_notices_a_saver_that_forgets(page: Page) -> None:
    page.reload()
    assert page.evaluate(SIMULATION, {"runs": [a_run(seed) for seed in range(20)], "breakRule": "forgets"})
