"""The script that puts a stream together, in a real browser: whatever the network does, the text is exact."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page

from webapp.tests.browser import RANDOM_FROM

pytestmark = pytest.mark.browser

SCRIPT = Path(settings.BASE_DIR) / "static" / "js" / "reassembly.js"
CASES = 10_000

# A server whose rows are numbered pieces, and a network that loses, doubles, delays and reorders its frames and cuts the
# line. The client does what job.js does: it applies frames, and subscribes again when told to or after a cut.
SIMULATION = (
    """
async ([source, cases, breakRule]) => {
  const module = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  const { Reassembly, framesOf } = module;
"""
    + RANDOM_FROM
    + """
  function runCase(seed) {
    const random = randomFrom(seed);
    const upTo = (n) => Math.floor(random() * (n + 1));
    const attempts = 1 + upTo(2);
    const words = Array.from({ length: attempts }, (_, a) =>
      Array.from({ length: 1 + upTo(12) }, (_, i) => `${a + 1}.${i + 1} ${"\\u00e9\\u{1f3ee}\\n x"[upTo(4)] ?? ""};`));
    const server = { attempt: 1, written: 0, status: "running" };
    const client = new Reassembly("j", 0);
    let wire = [];
    let subscribed = null;

    const base = () => ({ v: 1, job: "j", attempt: server.attempt });
    const rows = () => words[server.attempt - 1].slice(0, server.written);
    const state = () => ({ ...base(), t: "state", status: server.status, reason: "", last_seq: server.written });

    function subscribe() {
      subscribed = { attempt: client.attempt, seq: client.lastSeq, told: "" };
    }
    function pump() {
      if (!subscribed) return;
      if (subscribed.attempt !== server.attempt) {
        wire.push({ ...base(), t: "reset" });
        subscribed = { attempt: server.attempt, seq: 0, told: "" };
      }
      for (const text of rows().slice(subscribed.seq)) wire.push({ ...base(), t: "chunk", seq: ++subscribed.seq, text });
      if (subscribed.told !== server.status) wire.push(state());
      subscribed.told = server.status;
    }
    function poll() {
      const after = client.attempt === server.attempt ? client.lastSeq : 0;
      const chunks = rows().slice(after).map((text, i) => ({ seq: after + i + 1, text }));
      for (const frame of framesOf({ ...state(), ahead: null, seconds: null, chunks })) take(frame);
    }
    function write() {
      if (server.status === "done") return;
      if (server.written < words[server.attempt - 1].length) server.written += 1;
      else if (server.attempt < attempts) Object.assign(server, { attempt: server.attempt + 1, written: 0 });
      else server.status = "done";
      if (server.attempt < attempts && random() < 0.1) Object.assign(server, { attempt: server.attempt + 1, written: 0 });
    }
    function take(frame) {
      const { text, actions } = client.apply(frame);
      const right = words[client.attempt - 1]?.slice(0, client.lastSeq).join("") ?? "";
      if (text !== right) throw new Error(`case ${seed}: ${JSON.stringify(text)} is not ${JSON.stringify(right)}`);
      if (actions.includes("resubscribe")) subscribe();
    }
    function deliver() {
      const sent = wire;
      wire = [];
      for (let i = sent.length - 1; i > 0; i -= 1) {
        const j = Math.max(0, i - upTo(3));
        if (random() < 0.2) [sent[i], sent[j]] = [sent[j], sent[i]];
      }
      for (const frame of sent) {
        if (random() < 0.12) continue;
        if (random() < 0.1) wire.push(frame);
        take(frame);
        if (random() < 0.12) take(frame);
      }
    }

    subscribe();
    for (let step = 0; step < 400 && !client.over; step += 1) {
      write();
      pump();
      deliver();
      const luck = random();
      if (luck < 0.06) {
        wire = [];
        subscribed = null;
      }
      if (!subscribed && random() < 0.5) subscribe();
      if (luck > 0.97) poll();
      if (step > 60 && step % 10 === 0) subscribe();
    }
    const whole = words[attempts - 1].join("");
    if (!client.over || client.text !== whole) throw new Error(`case ${seed}: ended with ${JSON.stringify(client.text)}`);
  }

  if (breakRule) Reassembly.prototype.apply = breakApply(Reassembly.prototype.apply);
  function breakApply(apply) {
    return function (frame) {
      if (frame.t === "chunk" && frame.seq > this.lastSeq + 1) this.lastSeq = frame.seq - 1;
      return apply.call(this, frame);
    };
  }
  for (let seed = 1; seed <= cases; seed += 1) runCase(seed);
  return cases;
}
"""
)


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Page:
    return chromium.new_page()


def run(page: Page, *, cases: int, break_rule: bool = False) -> Any:
    return page.evaluate(SIMULATION, [SCRIPT.read_text(encoding="utf-8"), cases, break_rule])


def test_any_loss_doubling_reordering_and_reconnect_gives_the_exact_text(page: Page) -> None:
    assert run(page, cases=CASES) == CASES


def test_the_simulation_notices_a_client_that_skips_a_missing_piece(page: Page) -> None:
    with pytest.raises(Exception, match=r"case \d+"):
        run(page, cases=200, break_rule=True)


@pytest.mark.parametrize("status", ["held", "failed", "missing"])
def test_a_job_without_text_to_show_is_over_at_once(page: Page, status: str) -> None:
    actions = page.evaluate(
        """async ([source, status]) => {
          const { Reassembly } = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
          const frame = { v: 1, t: "state", job: "j", attempt: 1, status, reason: "", last_seq: 4 };
          return new Reassembly("j").apply(frame).actions;
        }""",
        [SCRIPT.read_text(encoding="utf-8"), status],
    )
    assert actions[-1] == "over"
