"""A demonstration, its people, their drafts, and how a page becomes a small picture."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from assistant.inference.modelfile import STARTER
from webapp.running import ROOT, Embedded, wait_until

PICTURES = ROOT / "docs" / "img" / "states"
MODELS = ROOT / "var" / "models"
SETTINGS = {
    "DEMO": "1",
    "SUGGESTIONS_PER_TEN_MINUTES": "1000",
    "CARE_HEAVY_LEVEL": "1",  # the heavier post of the demonstration waits for a moderator
}
DESK = {"width": 1280, "height": 940}
PHONE = {"width": 360, "height": 740}
COLOURS = 20  # letters with their soft edges need no more

NEW_DRAFT = """
from datetime import timedelta
from django.utils import timezone
from assistant import actions
from assistant.models import Draft
from webapp import demo, test
from webapp.accounts.models import User
wanted = json.loads(values[0])
author = User.objects.get(username=wanted["by"])
now = timezone.now()
words, country, minutes_ago = demo.POSTS[wanted["post"]]
at = now - timedelta(minutes=minutes_ago)
post = test.post(words, country=country, human_only=wanted["human_only"], received_at=at)
assert post.lease(author, until=now + timedelta(days=1)), post.status
draft = Draft.objects.create(case=post.case, post=post, author=author)
if wanted["text"]:
    actions.save_revision(draft, text=wanted["text"], base=0)
answer = str(draft.id)
"""


class Demonstration(Embedded):
    def wait_for_help(self, seconds: float = 300) -> None:
        super().wait_for_help(seconds)  # on a busy machine


@dataclass
class Studio:
    site: Demonstration
    browser: Browser
    passwords: dict[str, str]
    pages: dict[str, Page] = field(default_factory=dict)

    def page_of(self, name: str) -> Page:
        """The one window of this person, signed in."""
        if name not in self.pages:
            # Less motion: a picture of something that fades in shows half of it.
            page = self.browser.new_context(viewport=DESK, reduced_motion="reduce", locale="en-GB").new_page()  # type: ignore[arg-type]
            page.goto(self.site.url)
            page.fill("input[name=login]", name)
            page.fill("input[name=password]", self.passwords[name])
            page.click("main button[type=submit]")
            page.wait_for_url(lambda url: "/login" not in url)
            self.pages[name] = page
        return self.pages[name]

    def draft(self, post: int, text: str = "", *, by: str = "juniper", human_only: bool = False) -> Page:
        """The writing page of a new draft of this post of the demonstration, with these words on it."""
        wanted = {"by": by, "post": post, "text": text, "human_only": human_only}
        made = self.site.look(NEW_DRAFT, json.dumps(wanted))
        page = self.page_of(by)
        page.goto(f"{self.site.url}/drafts/{made}/")
        return page

    def restart_without_a_model(self) -> None:
        self.site.stop()
        (self.site.folder / "models").rename(self.site.folder / "models-away")
        shutil.rmtree(self.site.folder / "adapters", ignore_errors=True)
        self.site.add("serve", [*self.site.manage, "serve", "--port", str(self.site.port)])
        wait_until(self.site.health, seconds=60, what=f"{self.site.url}/healthz")

    def take(
        self, page: Page, name: str, *, phone: Locator | None = None, dark: bool = False, desk: bool = True
    ) -> None:
        """`phone`: what stands at the top of the small picture."""
        if desk:
            save(page.screenshot(), name)
        if dark:
            page.emulate_media(color_scheme="dark")
            save(page.screenshot(), f"{name}-dark")
            page.emulate_media(color_scheme="light")
        if phone is not None:
            page.set_viewport_size(PHONE)  # type: ignore[arg-type]
            phone.evaluate("node => scrollTo(0, node.getBoundingClientRect().top + scrollY - 12)")
            save(page.screenshot(), f"{name}-phone")
            page.set_viewport_size(DESK)  # type: ignore[arg-type]
            page.evaluate("scrollTo(0, 0)")

    def take_part(self, part: Locator, name: str) -> None:
        save(part.screenshot(), name)


@contextmanager
def studio(folder: Path) -> Iterator[Studio]:
    (folder / "models").mkdir()
    model = STARTER.in_folder(MODELS).path
    shutil.copy(model, folder / "models" / model.name)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with Demonstration(folder, settings=SETTINGS) as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        expect.set_options(timeout=30_000)
        lines = (folder / "secret" / "demo-accounts").read_text(encoding="utf-8").splitlines()
        yield Studio(site, browser, {line.split()[1]: line.split()[2] for line in lines})
        browser.close()


def save(png: bytes, name: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    path = PICTURES / f"{name}.png"
    picture = Image.open(BytesIO(png)).convert("RGB")
    picture.quantize(COLOURS, kmeans=2, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path.relative_to(ROOT)}  {path.stat().st_size / 1000:.0f} KB", flush=True)
