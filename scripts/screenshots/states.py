"""Every state, brought about as people bring it about. All of it is invented."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from scripts.screenshots.studio import Studio

SCHOOL, CARE, _TEST, APART, TIRED, EXAMS = range(6)  # the posts of webapp/demo.py
MINE = (
    "You should join a club. I ate alone for most of my first year and I remember how long it felt. "
    "Honestly, other people have it much worse than you. What do you like to do?"
)
BESIDE = (
    "There are so many good apps now. Have a look at the free ones first. Music, walks, breathing, new dishes: all of it "
    "can be found with one click, and most of it costs nothing."
)
TIRING = "That sounds like a lot for one person. What would help you this week?"
TAKES_IT_UP = (
    "It sounds as if each morning asks more of you than you have. I am glad that you wrote it here. "
    "Are you thinking about suicide?"
)

# What no model should write, as the safety layer answers to it: the starter model writes nothing of the kind when asked.
HELD = """
from assistant import actions, runner
from assistant.inference.types import Outcome, StopReason
from assistant.models import Draft
from assistant.safety.pipeline import screen
from assistant.safety.types import Context, Kind
from webapp import test
draft = Draft.objects.get(id=values[0])
claim = runner.claim_job(test.job(draft).id)
text = test.head_of(draft).text + " You could give him 20 mg of diazepam at night."
context = Context(Kind.SUGGESTION, country=draft.post.country, post=draft.post.text, draft=test.head_of(draft).text)
finished = actions.Finished(
    text=text, outcome=Outcome(StopReason.END, 40, 20, 0.4, 1.2), model_version=None, prompt_version="improve-2"
)
actions.finish_job(claim.job, fence=claim.fence, finished=finished, screening=screen(text, context))
answer = text
"""

# What juniper sent in the last months: as it was before help, and whether help was asked for.
GROWTH = """
from datetime import timedelta
from django.utils import timezone
from assistant import actions
from assistant.models import ReplyNumbers
from webapp import test
from webapp.accounts.models import User
juniper = User.objects.get(username="juniper")
plain = "You should talk to somebody about it. Things will be better soon."
asks = "You should talk to somebody about it. What would help you this week?"
holds = "I am sorry that it is so lonely. It sounds as if the evenings are the longest. What do you miss most?"
revised = "I am sorry that it is so lonely. You should talk to somebody about it. What would help you this week?"
rows = [plain, asks, plain, asks, asks, holds, asks, holds, asks, holds, holds, holds]
for place, text in enumerate(rows):
    draft = test.draft(juniper, text)
    if text is not holds:
        made = test.suggestion(draft, text=revised)
        for change in actions.changes_of(made):
            if change.kind != "keep":
                base = draft.head().number
                verdict = "accepted" if place % 3 else "kept"
                actions.decide_change(
                    made, draft=draft, index=change.index, verdict=verdict, by=juniper,
                    text=draft.head().text, base=base, applied=False,
                )
                draft.refresh_from_db()
    actions.send_reply(draft, by=juniper, revision=draft.head())
    ago = timedelta(days=6 * (len(rows) - place))
    ReplyNumbers.objects.filter(draft=draft).update(at=timezone.now() - ago)
answer = len(rows)
"""

# A supporter hands the urgent post of the demonstration over, after a moderator let it through and some of a reply was written.
HAND_OVER = """
import uuid
from datetime import timedelta
from django.utils import timezone
from assistant import actions
from assistant.models import Draft, Post
from moderation.models import Alert, Escalation, Flag
from webapp import demo, test
from webapp.accounts.models import User
juniper = User.objects.get(username="juniper")
now = timezone.now()
words, country, _minutes = demo.URGENT
post = test.post(words, country="IE", received_at=now - timedelta(minutes=9))
Post.objects.filter(id=post.id).update(status="waiting", approval=uuid.uuid4())
Flag.objects.filter(post=post).update(status="decided", closed_at=now)
Alert.objects.filter(flag__post=post).update(closed_at=now)
post.refresh_from_db()
assert post.lease(juniper, until=now + timedelta(days=1)), post.status
draft = Draft.objects.create(case=post.case, post=post, author=juniper)
actions.save_revision(draft, text=values[0], base=0)
actions.hand_over_post(Draft.objects.select_related("case", "post__case").get(id=draft.id), by=juniper)
answer = str(Escalation.objects.latest("at").id)
"""

# What rowan decided in the last five weeks, and how linden decided the same the second time.
LOOKS = """
from datetime import timedelta
from django.utils import timezone
from assistant import actions
from moderation.actions import write_golden
from moderation.models import Decision, Flag, Review
from webapp import test
from webapp.accounts.models import User
juniper, rowan, linden, hazel = (User.objects.get(username=name) for name in ("juniper", "rowan", "linden", "hazel"))
now = timezone.now()
draft = test.draft(juniper, text=test.HURTFUL_REPLY)
reply = actions.send_reply(draft, by=juniper, revision=test.head_of(draft))
kinds = [
    (["dismissal.blame"], "dismissal", 3, 0),
    (["medical.dose"], "medical", 3, 1),
    (["boundaries.only_me"], "contact", 3, 2),
    (["dismissal.minimising", "hostility.insult"], "dismissal", 3, 1),
]
for number in range(64):
    codes, policy, severity, level = kinds[number // 2 % 4]
    opened = now - timedelta(hours=13 * (64 - number))
    closed = opened + timedelta(minutes=3 + number * 11 % 50)
    flag = Flag.objects.create(
        case=reply.case, reply=reply, severity=severity, level=level, codes=codes, status="decided", language="en",
        opened_at=opened, closed_at=closed,
    )
    first = "approve" if number % 5 == 0 else "return"
    decision = Decision(case=reply.case, flag=flag, outcome=first, policy=policy, by=rowan, flag_version=1, at=closed)
    decision.reason = "It is for the person to say how bad it is."
    decision.save(force_insert=True)
    if number % 2:
        second = "return" if number % 15 == 0 or first == "return" else "approve"
        again = Review(case=reply.case, kind="second", decision=decision, by=linden, outcome=second, policy=policy)
        again.reason, again.decided_at, again.same = "It blames, and kindly.", closed + timedelta(days=1), first == second
        again.save(force_insert=True)
write_golden(
    kind="reply", text="Honestly, it is your own fault. Other people have it so much worse.",
    post_text="I missed the last bus and cried.", explanation="It blames the one who asks.",
    outcome="return", policy="dismissal", by=hazel,
)
answer = None
"""
TOLD = "I am here, and I believe you. You can ring Samaritans on 116 123, at any hour."


def ask(page: Page, button: str = "Improve my draft") -> None:
    page.get_by_role("button", name=button).click()
    expect(page.locator("#stop")).to_be_visible()


def changes(page: Page, button: str = "Improve my draft") -> Locator:
    """Ask until changes are offered: now and then the starter model leaves everything as it is, or is held."""
    for _ in range(8):
        ask(page, button)
        expect(page.locator("#stop")).to_be_hidden(timeout=120_000)
        offered = page.locator("li.change:has(button.use)")
        if offered.count():
            return offered
    raise RuntimeError(f"No changes came: {page.locator('#suggestion').inner_text()}")


def saved(page: Page) -> None:
    expect(page.locator("#save-state")).to_contain_text(re.compile(r"Saved .*revision [1-9]"))


def let_go(page: Page) -> None:
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")


def empty(here: Studio) -> None:
    page = here.draft(SCHOOL)
    here.take(page, "empty", phone=page.locator("main"))


def typing(here: Studio) -> None:
    page = here.draft(SCHOOL)
    page.locator("#reply-text").press_sequentially(MINE, delay=1)
    saved(page)
    expect(page.locator("#meters")).to_be_visible()
    here.take(page, "typing", phone=page.locator(".reply"))


def streaming(here: Studio) -> None:
    page = here.draft(SCHOOL, MINE)
    ask(page)
    page.locator("#so-far li.change").nth(1).wait_for(timeout=120_000)
    here.take(page, "streaming")
    page = here.draft(SCHOOL, MINE)
    ask(page)
    page.locator("#so-far li.change").nth(1).wait_for(timeout=120_000)
    here.take(page, "streaming", phone=page.locator("#help"), desk=False)


def decided(here: Studio) -> None:
    page = here.draft(SCHOOL, MINE)
    offered = changes(page)
    let_go(page)
    here.take(page, "changes", phone=page.locator("#help"), dark=True)
    page.wait_for_timeout(6_000)  # used at once, they would not have been read
    offered.first.get_by_role("button", name="Use this").click()
    expect(page.locator("#save-state")).to_contain_text("revision 2")
    let_go(page)
    here.take(page, "used", phone=page.locator("li.change[data-state=accepted]"))
    page.get_by_role("link", name="History").click()
    page.locator(".steps a").last.click()
    here.take(page, "history", phone=page.locator("main"))


def set_aside(here: Studio) -> None:
    page = here.draft(SCHOOL, MINE)
    offered = changes(page)
    page.locator("#reply-text").fill("Lunch alone every day is hard. It took me most of a year, too.")
    saved(page)
    offered.first.get_by_role("button", name="Use this").click()
    why = page.locator(".why:not([hidden])")
    expect(why).to_contain_text("no longer fits")
    let_go(page)
    here.take(page, "set-aside", phone=page.locator("li.change:has(.why:not([hidden]))"))


def versions(here: Studio) -> None:
    for _ in range(5):  # another throw may be held, or end in the same words
        page = here.draft(SCHOOL, MINE)
        changes(page)
        ask(page, "Another version of these changes")
        expect(page.locator("#stop")).to_be_hidden(timeout=120_000)
        if page.locator(".version ol.changes").count() > 1:
            break
    let_go(page)
    page.locator("#help").evaluate("node => scrollTo(0, node.getBoundingClientRect().top + scrollY - 24)")
    here.take(page, "versions", phone=page.locator(".version").nth(1))


def hints(here: Studio) -> None:
    page = here.draft(SCHOOL, MINE, by="fern")
    address = page.url
    page.goto(f"{here.site.url}/my-writing/")
    page.get_by_label("Hints first").check()
    page.get_by_role("button", name="Show it like this").click()
    expect(page.get_by_label("Hints first")).to_be_checked()
    page.goto(address)
    ask(page)
    expect(page.locator("#stop")).to_be_hidden(timeout=120_000)
    expect(page.locator(".wording").first).to_be_visible()
    let_go(page)
    here.take(page, "hints", phone=page.locator("#help"))


def question(here: Studio) -> None:
    page = here.draft(CARE, BESIDE)
    page.get_by_role("button", name="Improve my draft").click()
    expect(page.locator("#ask-refused")).to_be_visible()
    let_go(page)
    here.take(page, "question", phone=page.locator("#help"))


def offline(here: Studio) -> None:
    page = here.draft(APART, "Six years is long, and the second cup says it.")
    page.context.set_offline(True)
    page.locator("#reply-text").press("Control+End")
    page.locator("#reply-text").press_sequentially(" The quiet in the morning must be loud.")
    expect(page.locator("#offline")).to_be_visible()
    here.take(page, "offline", phone=page.locator("main"))
    address, context = page.url, page.context
    page.close()  # before anything could be saved
    context.set_offline(False)
    here.pages["juniper"] = page = context.new_page()
    page.goto(address)
    expect(page.locator("#local-copy")).to_be_visible()
    here.take(page, "found-again", phone=page.locator("main"))


def signed_out(here: Studio) -> None:
    page = here.draft(APART, "Six years is long, and the second cup says it.")
    cookies = page.context.cookies()
    page.context.clear_cookies(name="session")
    page.locator("#reply-text").press("Control+End")
    page.locator("#reply-text").press_sequentially(" I am glad that you wrote.")
    expect(page.locator("#signed-out")).to_be_visible()
    here.take(page, "signed-out", phone=page.locator("main"))
    page.context.add_cookies(cookies)  # type: ignore[arg-type]
    page.get_by_role("button", name="Save again").click()
    expect(page.locator("#signed-out")).to_be_hidden()


def conflict(here: Studio) -> None:
    page = here.draft(APART, "Six years is long.")
    other = page.context.new_page()
    other.goto(page.url)
    other.locator("#reply-text").fill("Six years is long, and the second cup says it.")
    expect(other.locator("#save-state")).to_contain_text("revision 2")
    other.close()
    page.locator("#reply-text").press("Control+End")
    page.locator("#reply-text").press_sequentially(" The quiet in the morning must be loud.")
    expect(page.locator("#conflict")).to_be_visible()
    here.take(page, "two-tabs", phone=page.locator("main"))


def held(here: Studio) -> None:
    page = here.draft(CARE, TIRING)
    here.site.look(HELD, page.url.rstrip("/").rpartition("/")[2])
    page.reload()
    expect(page.locator("#suggestion")).to_contain_text("Kept back for a moderator")
    here.take(page, "held", phone=page.locator("#help"))


def human_only(here: Studio) -> None:
    page = here.draft(EXAMS, "Flat is not weird. You worked for this so long.", human_only=True)
    here.take(page, "human-only", phone=page.locator("main"))


def whose(here: Studio) -> None:
    page = here.draft(SCHOOL, MINE)
    offered = changes(page)
    after = offered.first.get_attribute("data-after") or ""
    page.wait_for_timeout(6_000)
    offered.first.get_by_role("button", name="Use this").click()
    expect(page.locator("#save-state")).to_contain_text("revision 2")
    address = page.url
    page.locator("#whose-words").click()
    page.wait_for_url(lambda url: url != address)
    here.take(page, "whose-words", phone=page.locator("main"))
    page.goto(address)
    page.locator("#reply-text").fill(after.strip())
    expect(page.locator("#too-much")).to_be_visible()
    here.take(page, "too-much", phone=page.locator("#too-much"))


def pause(here: Studio) -> None:
    page = here.draft(TIRED, TAKES_IT_UP, by="fern")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("heading", name="Before you go on")).to_be_visible()
    here.take(page, "pause", phone=page.locator("main"))
    page.get_by_role("button", name="Go on").click()


def growth(here: Studio) -> None:
    here.site.look(GROWTH)
    page = here.page_of("juniper")
    page.goto(f"{here.site.url}/my-writing/")
    here.take(page, "growth", phone=page.locator("main"))
    page.locator("#trends").evaluate("node => scrollTo(0, node.getBoundingClientRect().top + scrollY - 24)")
    here.take(page, "growth-trends", phone=page.locator("#trends"))


def goals(here: Studio) -> None:
    page = here.page_of("willow")
    page.get_by_role("link", name="Goals").click()
    here.take(page, "goals", phone=page.locator("main"))


def keys(here: Studio) -> None:
    page = here.draft(SCHOOL, MINE)
    page.locator("#reply-text").press("Escape")
    page.keyboard.press("?")
    expect(page.locator("dialog[open]")).to_be_visible()
    here.take(page, "keys", phone=page.locator("dialog[open]"))
    page.keyboard.press("Escape")


def queue(here: Studio) -> None:
    page = here.page_of("rowan")
    page.goto(f"{here.site.url}/moderation/")
    page.wait_for_selector("#queue-rows li")
    here.take(page, "queue", phone=page.locator("main"))


def case(here: Studio) -> None:
    page = here.page_of("rowan")
    page.goto(f"{here.site.url}/moderation/")
    page.locator("#queue-rows li a").first.click()
    expect(page.locator("#acts")).to_be_visible()
    here.take(page, "case", phone=page.locator("main"))


def hand_over(here: Studio) -> None:
    page = here.page_of("hazel")
    page.goto(f"{here.site.url}/moderation/hand-overs/{here.site.look(HAND_OVER, TOLD)}/")
    page.wait_for_timeout(1_200)  # in its first second the page takes no press
    page.get_by_role("button", name="I have it", exact=True).click()
    expect(page.get_by_role("heading", name="You have it")).to_be_visible()
    let_go(page)
    here.take(page, "hand-over", phone=page.locator(".page-head"), desk=False)
    page.get_by_label("They were told whom to turn to").check()
    page.get_by_label("What was done, in a line or two").fill("They rang the line.")
    page.get_by_role("button", name="End the hand-over").click()
    expect(page.get_by_role("heading", name="This hand-over has ended")).to_be_visible()


def duty(here: Studio) -> None:
    page = here.page_of("hazel")
    page.goto(f"{here.site.url}/moderation/duty/")
    here.take(page, "duty", phone=page.locator(".page-head"), desk=False)


def figures(here: Studio) -> None:
    here.site.look(LOOKS)
    page = here.page_of("hazel")
    page.goto(f"{here.site.url}/moderation/quality/")
    here.take_part(page.locator("section[aria-labelledby=policies-heading]"), "quality")
    page.goto(f"{here.site.url}/moderation/safety/")
    here.take_part(page.locator("section[aria-labelledby=flagged-heading]"), "safety")


def rating(here: Studio) -> None:
    page = here.page_of("sorrel")
    page.goto(f"{here.site.url}/studies/rate/")
    page.get_by_role("link", name="Replies to strangers").click()
    page.get_by_label("I have read this").check()
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_text("Practice 1 of 1")).to_be_visible()
    here.take(page, "rating", phone=page.locator("main"))


def study(here: Studio) -> None:
    page = here.page_of("alder")
    page.goto(f"{here.site.url}/studies/research/")
    page.get_by_role("link", name="Replies to strangers").click()
    expect(page.get_by_role("heading", name="How far it is")).to_be_visible()
    here.take(page, "study", phone=page.locator("main"))


def model(here: Studio) -> None:
    page = here.page_of("willow")
    page.goto(f"{here.site.url}/models/")
    page.locator("main a[href*='/models/']").first.click()
    expect(page.locator("main h1")).to_be_visible()
    here.take(page, "model", phone=page.locator("main"))


def no_model(here: Studio) -> None:
    page = here.draft(SCHOOL, MINE)
    here.restart_without_a_model()
    for _ in range(60):  # it is looked for first
        page.reload()
        if "being loaded" not in page.locator("main").inner_text():
            break
        page.wait_for_timeout(1_000)
    expect(page.locator("#model-state")).to_be_visible()
    here.take(page, "no-model", phone=page.locator("#help"))


# In this order: the last one takes the model away.
STATES: dict[str, Callable[[Studio], None]] = {
    "empty": empty,
    "typing": typing,
    "streaming": streaming,
    "changes": decided,
    "set-aside": set_aside,
    "versions": versions,
    "hints": hints,
    "question": question,
    "offline": offline,
    "signed-out": signed_out,
    "two-tabs": conflict,
    "held": held,
    "human-only": human_only,
    "whose-words": whose,
    "pause": pause,
    "keys": keys,
    "queue": queue,
    "case": case,
    "rating": rating,
    "study": study,
    "model": model,
    "goals": goals,
    "growth": growth,
    "hand-over": hand_over,
    "duty": duty,
    "quality": figures,
    "no-model": no_model,
}
