"""What is behind an id in an address: one table of every URL that takes one, walked with every role and three objects: one's
own, another's, one that is missing. A URL that is not in it fails the run."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.test import Client

from moderation.actions import appeal
from moderation.models import Appeal, Flag, Review
from webapp import test as build
from webapp.accounts.models import User
from webapp.accounts.roles import Role
from webapp.accounts.tests.test_roles import ANYBODY, TABLE
from webapp.studies.models import Study
from webapp.tests.stage import URLS, Stage, missing_id, rated_text, show_who_it_is, undone
from webapp.tests.test_bad_requests import FORMS

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse

Page: TypeAlias = "_MonkeyPatchedWSGIResponse"

# Hundreds of requests are one test, because the site they are sent to takes longer to make than most of them.
pytestmark = [pytest.mark.django_db, pytest.mark.timeout(600)]

LINKS = {"accounts:invitation", "accounts:set_up", "account_reset_password_from_key"}  # whoever holds one, has it
NAMES = {"assistant:suggest_kind_again", "moderation:safety_csv", "moderation:safety_json"}  # fixed words, of nobody

# What a person gets who holds a role of test_roles.TABLE: at their own, and at another's. At one that is missing it is 404
# everywhere, and who holds no such role gets 403 at all three. Where a number is 404, the words are those of the missing one.
ROWS: dict[str, tuple[int, int]] = {
    "GET panel:model": (200, 200),
    "POST panel:draw": (302, 302),
    "POST panel:propose": (302, 302),
    "POST panel:answer": (302, 302),
    "GET panel:sample": (200, 200),
    "POST panel:sign": (302, 422),
    "POST panel:mark": (302, 302),
    "POST panel:withdraw": (302, 404),
    "GET mfa_remove_webauthn": (200, 404),
    "POST mfa_remove_webauthn": (302, 404),
    "POST accounts:end_own_sign_in": (302, 404),
    "POST accounts:withdraw_invitation": (302, 302),
    "GET accounts:person": (200, 200),
    "POST accounts:change_roles": (302, 302),
    "POST accounts:change_generate": (302, 302),
    "GET accounts:deactivate": (200, 200),
    "POST accounts:deactivate": (302, 302),
    "POST accounts:reactivate": (302, 302),
    "POST accounts:reset_second_factor": (302, 302),
    "POST accounts:end_persons_sign_ins": (302, 302),
    "POST accounts:end_persons_sign_in": (302, 302),
    "POST assistant:take_post": (302, 404),
    "POST assistant:share_check_in": (302, 404),
    "POST assistant:delete_check_in": (302, 404),
    "POST assistant:take_up_talk": (404, 302),
    "GET assistant:shared_check_in": (200, 200),
    "GET assistant:draft": (200, 404),
    "POST assistant:save_draft": (302, 404),
    "POST assistant:ask": (302, 404),
    "GET assistant:history": (200, 404),
    "GET assistant:revision": (200, 404),
    "POST assistant:restore": (302, 404),
    "GET assistant:whose": (200, 404),
    "POST assistant:sentences": (200, 404),
    "POST assistant:check": (200, 404),
    "POST assistant:send": (302, 404),
    "POST assistant:set_country": (302, 404),
    "POST assistant:give_back": (302, 404),
    "POST assistant:hand_over": (302, 404),
    "POST assistant:worry": (302, 404),
    "GET assistant:stream": (200, 404),
    "POST assistant:cancel": (302, 404),
    "GET assistant:so_far": (200, 404),
    "GET assistant:suggestion": (200, 404),
    "POST assistant:decide_change": (302, 404),
    "POST assistant:stop_kind": (302, 404),
    "POST assistant:report_suggestion": (302, 404),
    "POST assistant:change_goal": (302, 302),
    "POST assistant:move_goal": (302, 302),
    "POST assistant:offer_goal": (302, 302),
    "POST assistant:stop_canary": (302, 302),
    "POST assistant:see_canary": (302, 302),
    "GET assistant:reply": (200, 404),
    "POST assistant:take_back": (302, 404),
    "GET moderation:flag": (200, 200),
    "POST moderation:claim": (302, 302),
    "POST moderation:renew": (200, 200),
    "GET moderation:claim_state": (200, 200),
    "POST moderation:end_claim": (302, 302),
    "POST moderation:pass": (302, 302),
    "POST moderation:take_over": (403, 302),
    "POST moderation:decide": (403, 302),
    "GET moderation:mark_golden": (200, 200),
    "POST moderation:mark_golden": (302, 302),
    "POST moderation:retire_golden": (302, 302),
    "GET moderation:replay": (200, 200),
    "POST moderation:go_on_with_replay": (302, 302),
    "GET moderation:incident": (200, 200),
    "POST moderation:add_to_incident": (302, 302),
    "POST moderation:link_to_incident": (302, 302),
    "POST moderation:sign_off": (422, 302),
    "GET moderation:incident_file": (200, 200),
    "POST moderation:answer_break_glass": (302, 302),
    "GET moderation:break_glass_case": (200, 404),
    "POST moderation:review_break_glass": (422, 302),
    "POST moderation:answer": (302, 302),
    "POST moderation:note": (302, 302),
    "POST moderation:undo": (302, 404),
    "POST moderation:appeal": (302, 404),
    "GET moderation:alert": (302, 302),
    "POST moderation:acknowledge": (302, 302),
    "GET moderation:hand_over": (200, 200),
    "POST moderation:take_hand_over": (302, 409),  # the page named nobody from whom it is taken
    "POST moderation:give_up_hand_over": (302, 302),
    "POST moderation:end_hand_over": (302, 409),
    "POST moderation:reopen_hand_over": (302, 302),
    "GET moderation:remove_shift": (200, 200),
    "POST moderation:remove_shift": (302, 302),
    "GET studies:rate_study": (302, 404),
    "GET studies:rate_consent": (200, 404),
    "POST studies:rate_consent": (302, 404),
    "POST studies:rate_training": (302, 404),
    "POST studies:rate_withdraw": (302, 404),
    "GET studies:rate_text": (200, 404),
    "POST studies:rate_text": (302, 404),
    "POST studies:rate_skip": (302, 404),
    "GET studies:rate_comment": (302, 404),
    "POST studies:rate_comment": (200, 404),
    "POST studies:rate_delete_comment": (200, 404),
    "GET studies:rate_feedback": (302, 404),
    "GET studies:rate_pause": (200, 404),
    "GET studies:research_study": (200, 200),
    "GET studies:research_question": (200, 200),
    "POST studies:research_question": (302, 302),
    "GET studies:research_arms": (200, 200),
    "POST studies:research_arms": (302, 302),
    "POST studies:research_remove_arm": (302, 302),
    "GET studies:research_items": (200, 200),
    "POST studies:research_items": (302, 302),
    "POST studies:research_pick": (422, 422),
    "POST studies:research_write": (302, 302),
    "GET studies:research_writing": (200, 200),
    "GET studies:research_item": (200, 200),
    "POST studies:research_remove_item": (302, 302),
    "POST studies:research_allow": (302, 302),
    "POST studies:research_leave_out": (302, 302),
    "GET studies:research_size": (200, 200),
    "POST studies:research_size": (302, 302),
    "GET studies:research_promise": (200, 200),
    "POST studies:research_promise": (302, 302),
    "GET studies:research_consent": (200, 200),
    "POST studies:research_consent": (302, 302),
    "GET studies:research_raters": (200, 200),
    "POST studies:research_raters": (302, 302),
    "POST studies:research_remove_rater": (302, 302),
    "GET studies:research_check": (200, 200),
    "POST studies:research_open": (302, 302),
    "POST studies:research_pause": (302, 302),
    "POST studies:research_resume": (302, 302),
    "POST studies:research_close": (302, 302),
    "GET studies:research_erase": (200, 200),
    "POST studies:research_erase": (302, 302),
    "GET studies:research_plan": (200, 200),
    "GET studies:research_export": (200, 200),
    "GET studies:research_texts": (200, 200),
    "GET studies:research_report": (200, 200),
    "GET studies:research_report_state": (200, 200),
    "GET studies:research_report_check": (200, 200),
    "POST studies:research_make_report": (302, 302),
    "GET studies:research_plot": (200, 200),
}
BUT = {("POST assistant:ask", Role.SUPPORTER): (403, 404)}  # to write from the post is given person by person

# Whose the object of `Stage` is: robin's here, wren's elsewhere. What belongs to nobody is anybody's own and another's.
ROBINS = {
    "accounts:end_own_sign_in",
    "assistant:take_up_talk",
    "moderation:break_glass_case",
    "moderation:undo",
    "moderation:alert",
    "moderation:acknowledge",
    "moderation:hand_over",
    "moderation:take_hand_over",
    "moderation:give_up_hand_over",
    "moderation:end_hand_over",
    "moderation:reopen_hand_over",
    "moderation:remove_shift",
}
MISSING = {"pk": 99_999, "rater_number": 99_999, "number": 999, "index": 999, "arm_key": "none", "plot": "none"}


@pytest.fixture
def stage(db: None) -> Stage:
    return Stage()


def missing(name: str) -> dict[str, Any]:
    return {argument: MISSING.get(argument) or missing_id() for argument in URLS[name]}


def may(role: Role, name: str) -> bool:
    allowed = TABLE[name]
    return allowed == ANYBODY or role in allowed


@dataclass
class People:
    """Wren and robin of the stage, and hazel, who has nothing there; each with this role alone."""

    stage: Stage
    role: Role

    def __post_init__(self) -> None:
        hazel = User.objects.filter(username="hazel").first() or build.person("hazel")
        self.people = {"wren": self.stage.wren, "robin": self.stage.robin, "hazel": hazel}
        self.cookies: dict[str, SimpleCookie] = {}
        self.nothing: dict[tuple[str, bool], str] = {}
        for name, person in self.people.items():
            person.groups.set([Group.objects.get(name=self.role.value)])
            client = Client()
            show_who_it_is(client, person)
            self.cookies[name] = client.cookies
        cache.clear()  # the limits of trying

    def ask(self, who: str, row: str, **other: Any) -> Page:
        """Signed in anew each time: some of these buttons sign people out."""
        method, name = row.split()
        client = Client()
        client.cookies = copy.deepcopy(self.cookies[who])
        with undone():
            address = self.stage.address(name, **other)
            return client.get(address) if method == "GET" else client.post(address, FORMS[name])

    def words_of_nothing(self, who: str, row: str) -> str:
        """What this person is told where nothing is: the same everywhere, so it is asked for once."""
        known = (who, may(self.role, row.split()[1]))
        if known not in self.nothing:
            self.nothing[known] = said(self.ask(who, row, **missing(row.split()[1])))
        return self.nothing[known]


def said(answer: Page) -> str:
    return build.read(answer) if not answer.streaming else ""


def owner_of(name: str) -> str:
    return "robin" if name in ROBINS else "wren"


def differences(people: People, row: str, *, whose: tuple[str, ...] = ("own", "another's", "missing")) -> list[str]:
    """What is other than the table says."""
    name = row.split()[1]
    refused = 404 if may(people.role, name) else 403
    own, others = BUT.get((row, people.role), ROWS[row]) if refused == 404 else (403, 403)
    expected = {"own": (owner_of(name), own), "another's": ("hazel", others), "missing": ("hazel", refused)}
    found = []
    for one in whose:
        who, code = expected[one]
        answer = people.ask(who, row, **missing(name) if one == "missing" else {})
        if answer.status_code != code:
            found.append(f"{people.role}: {row}: {one}: {answer.status_code} and not {code}")
        elif code == refused and said(answer) != people.words_of_nothing(who, row):
            found.append(f"{people.role}: {row}: {one}: not the words of one that is missing")
    return found


def test_every_url_that_takes_an_id_is_in_the_table() -> None:
    names = {name for name, arguments in URLS.items() if arguments} - LINKS - NAMES
    assert {row.split()[1] for row in ROWS} == names
    assert {row.split()[1] for row in ROWS if row.startswith("POST")} == names & set(FORMS)


def test_what_has_no_row_for_looking_at_it_cannot_be_looked_at(stage: Stage) -> None:
    """So the table has both rows of what is a page and a form."""
    for name in FORMS:
        if f"POST {name}" in ROWS and f"GET {name}" not in ROWS:
            assert stage.client_for(name).get(stage.address(name)).status_code == 405, name


def in_turn(roles: list[Role], row: str) -> Role | None:
    """Every day each row meets one of them; the deep run takes all."""
    return roles[list(ROWS).index(row) % len(roles)] if roles else None


def test_each_role_finds_its_own_and_of_others_what_the_table_says(stage: Stage) -> None:
    found: list[str] = []
    for role in Role:
        with undone():
            people = People(stage, role)
            for row in ROWS:
                in_, out = ([one for one in Role if may(one, row.split()[1]) == yes] for yes in (True, False))
                if role in in_:
                    whose = ("own", "another's", "missing") if role == in_turn(in_, row) else ("own", "another's")
                    found += differences(people, row, whose=whose)
                elif role == in_turn(out, row):
                    found += differences(people, row, whose=("own",))
    assert not found, "\n".join(found)


@pytest.mark.deep
@pytest.mark.parametrize("role", Role)
def test_every_role_meets_every_object(stage: Stage, role: Role) -> None:
    people = People(stage, role)
    found = [line for row in ROWS for line in differences(people, row)]
    assert not found, "\n".join(found)


# Where an address names two things, the second is one of the first.


def test_what_belongs_to_something_else_is_not_found(stage: Stage) -> None:
    Study.objects.filter(id=stage.rated.rater.study_id).update(name="Another")
    _, remark = rated_text(stage.robin)
    ready = stage.studies.ready
    item = ready.items.all()[0]
    of_another: dict[str, dict[str, Any]] = {
        "accounts:end_persons_sign_in": {"sign_in_id": stage.sign_ins[stage.robin]},
        "studies:rate_delete_comment": {"comment_id": remark.id},
        "studies:research_item": {"study_item_id": item.id},
        "studies:research_remove_item": {"study_item_id": item.id},
        "studies:research_allow": {"output_id": item.outputs.all()[0].id},
        "studies:research_leave_out": {"output_id": item.outputs.all()[0].id},
        "studies:research_remove_rater": {"rater_number": ready.raters.all()[0].id},
    }
    for row in ROWS:
        method, name = row.split()
        absent = missing(name) if len(URLS[name]) > 1 else {}
        wrong = [{argument: value} for argument, value in absent.items()]
        for other in [*wrong, *([of_another[name]] if name in of_another else [])]:
            with undone():
                client, address = stage.client_for(name), stage.address(name, **other)
                answer = client.get(address) if method == "GET" else client.post(address, FORMS[name])
            expected = 422 if (row, [*other]) == ("POST assistant:stop_kind", ["index"]) else 404
            assert answer.status_code == expected, (row, other)


# What is hidden from somebody although others with their role see it.

OF_FLAGS = [row for row in ROWS if URLS[row.split()[1]] == ["flag_id"]]
OF_STUDIES = [row for row in ROWS if row.split()[1].startswith("studies:research_")]


def is_as_if_missing(people: People, who: str, rows: list[str], **hidden: Any) -> None:
    for row in rows:
        if may(people.role, row.split()[1]):
            answer = people.ask(who, row, **hidden)
            assert (answer.status_code, said(answer)) == (404, people.words_of_nothing(who, row)), row


def test_a_moderator_knows_nothing_of_what_was_escalated(stage: Stage) -> None:
    Flag.objects.filter(id=stage.flag.id).update(escalated=True)
    is_as_if_missing(People(stage, Role.MODERATOR), "hazel", OF_FLAGS, flag_id=stage.flag.id)
    assert People(stage, Role.LEAD).ask("hazel", "GET moderation:flag").status_code == 200


@pytest.mark.parametrize("role", [Role.MODERATOR, Role.LEAD])
def test_nobody_knows_of_an_appeal_against_their_own_decision(stage: Stage, role: Role) -> None:
    appeal(stage.returned, words="Look again.", by=stage.wren)
    about = Appeal.objects.get().flag_id
    people = People(stage, role)
    is_as_if_missing(people, "robin", OF_FLAGS, flag_id=about)
    assert people.ask("hazel", "GET moderation:flag", flag_id=about).status_code == 200


def test_a_golden_item_is_there_for_whom_it_is_meant_alone(stage: Stage) -> None:
    """With every role: it stands among flags, and would be known by its answer."""
    case = stage.golden.case
    shown = Review.objects.create(case=case, kind="golden", item=stage.golden, meant_for=stage.robin)
    people = People(stage, Role.LEAD)
    is_as_if_missing(people, "hazel", OF_FLAGS, flag_id=shown.id)
    assert people.ask("robin", "GET moderation:flag", flag_id=shown.id).status_code == 200


def test_a_researcher_sees_no_arm_of_a_study_that_they_rate_in(stage: Stage) -> None:
    people = People(stage, Role.RESEARCHER)
    is_as_if_missing(people, "wren", OF_STUDIES, study_id=stage.rated.rater.study_id)
    assert people.ask("hazel", "GET studies:research_study", study_id=stage.rated.rater.study_id).status_code == 200
