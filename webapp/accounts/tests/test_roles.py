"""Who may do what: one table of every URL, walked with every role. A URL that is not in it fails the run."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from webapp.accounts.models import User
from webapp.accounts.roles import PERMISSIONS, Role, sync_groups
from webapp.accounts.tests.cast import AddPerson, Page, SignIn

pytestmark = pytest.mark.django_db

ANYBODY = "anybody"  # without signing in
EVERYBODY = set(Role)  # with an account
WRITERS = {Role.SUPPORTER, Role.LEAD}
REVIEWERS = {Role.MODERATOR, Role.LEAD, Role.CLINICIAN}
ENTERING = {Role.MODERATOR, Role.LEAD, Role.ADMIN}
ADMINS = {Role.ADMIN}
LEADS = {Role.LEAD}
SAFETY = {Role.LEAD, Role.CLINICIAN, Role.ADMIN}
READ_NO_CASE = {Role.ADMIN, Role.AUDITOR}  # but one that a lead opens to them
ALERTED = {Role.MODERATOR, Role.LEAD, Role.CLINICIAN, Role.ADMIN}
TAKING_HAND_OVERS = {Role.LEAD, Role.CLINICIAN}
SEEING_MODELS = {Role.ADMIN, Role.CLINICIAN, Role.RESEARCHER}
MANAGING_DUTY = {Role.LEAD, Role.ADMIN}
RATERS = {Role.RATER, Role.SUPPORTER, Role.MODERATOR, Role.LEAD, Role.CLINICIAN}
RESEARCHERS = {Role.RESEARCHER}

TABLE: dict[str, str | set[Role]] = {
    "home": EVERYBODY,
    "healthz": ANYBODY,
    "metrics": ADMINS,  # and whoever brings the token: webapp/tests/test_metrics.py
    "engine": ADMINS,
    "engine_state": ADMINS,
    "panel:models": SEEING_MODELS,
    "panel:model": SEEING_MODELS,
    "panel:draw": {Role.CLINICIAN},
    "panel:sample": {Role.CLINICIAN},
    "panel:mark": {Role.CLINICIAN},
    "panel:sign": {Role.CLINICIAN},
    "panel:withdraw": {Role.CLINICIAN},
    "panel:propose": ADMINS,
    "panel:answer": ADMINS,
    "account_login": ANYBODY,
    "account_logout": ANYBODY,  # does nothing for who is not signed in
    "account_signup": ANYBODY,  # says that it is closed
    "account_inactive": ANYBODY,
    "account_change_password": EVERYBODY,
    "account_reset_password": ANYBODY,
    "account_reset_password_done": ANYBODY,
    "account_reset_password_from_key": ANYBODY,
    "account_reset_password_from_key_done": ANYBODY,
    "account_reauthenticate": EVERYBODY,
    "mfa_authenticate": EVERYBODY,  # between password and sign-in; leads anybody else away
    "mfa_reauthenticate": EVERYBODY,
    "mfa_reauthenticate_webauthn": EVERYBODY,
    "mfa_index": EVERYBODY,
    "mfa_activate_totp": EVERYBODY,
    "mfa_deactivate_totp": EVERYBODY,
    "mfa_add_webauthn": EVERYBODY,
    "mfa_remove_webauthn": EVERYBODY,
    "mfa_view_recovery_codes": EVERYBODY,
    "mfa_generate_recovery_codes": EVERYBODY,
    "accounts:quiet_hours": EVERYBODY,
    "accounts:end_own_sign_in": EVERYBODY,
    "accounts:end_other_sign_ins": EVERYBODY,
    "accounts:invitation": ANYBODY,
    "accounts:set_up": ANYBODY,
    "accounts:learning": EVERYBODY,
    "accounts:language": EVERYBODY,
    "accounts:controls": EVERYBODY,
    "accounts:reset_controls": EVERYBODY,
    "accounts:keys": EVERYBODY,
    "accounts:people": ADMINS,
    "accounts:person": ADMINS,
    "accounts:invite": ADMINS,
    "accounts:invite_list": ADMINS,
    "accounts:withdraw_invitation": ADMINS,
    "accounts:change_roles": ADMINS,
    "accounts:change_generate": ADMINS,
    "accounts:deactivate": ADMINS,
    "accounts:reactivate": ADMINS,
    "accounts:reset_second_factor": ADMINS,
    "accounts:end_persons_sign_in": ADMINS,
    "accounts:end_persons_sign_ins": ADMINS,
    "assistant:posts": WRITERS,
    "assistant:next_post": WRITERS,
    "assistant:enter_post": ENTERING,
    "assistant:draft": WRITERS,
    "assistant:save_draft": WRITERS,
    "assistant:ask": WRITERS,
    "assistant:check": WRITERS,
    "assistant:send": WRITERS,
    "assistant:set_country": WRITERS,
    "assistant:give_back": WRITERS,
    "assistant:history": WRITERS,
    "assistant:whose": WRITERS,
    "assistant:sentences": WRITERS,
    "assistant:revision": WRITERS,
    "assistant:restore": WRITERS,
    "assistant:hand_over": WRITERS,
    "assistant:worry": WRITERS,
    "assistant:stream": WRITERS,
    "assistant:cancel": WRITERS,
    "assistant:so_far": WRITERS,
    "assistant:suggestion": WRITERS,
    "assistant:decide_change": WRITERS,
    "assistant:report_suggestion": WRITERS,
    "assistant:stop_kind": WRITERS,
    "assistant:kinds": WRITERS,
    "assistant:suggest_kind_again": WRITERS,
    "assistant:growth": WRITERS,
    "assistant:numbers": WRITERS,
    "assistant:choose_help": WRITERS,
    "assistant:switch_numbers": WRITERS,
    "assistant:delete_numbers": WRITERS,
    "assistant:goals": ADMINS,
    "assistant:add_goal": ADMINS,
    "assistant:change_goal": ADMINS,
    "assistant:move_goal": ADMINS,
    "assistant:offer_goal": ADMINS,
    "assistant:canaries": ADMINS,
    "assistant:start_canary": ADMINS,
    "assistant:stop_canary": ADMINS,
    "assistant:see_canary": ADMINS,
    "assistant:replies": WRITERS,
    "assistant:reply": WRITERS,
    "assistant:take_back": WRITERS,
    "assistant:take_post": WRITERS,
    "assistant:care": WRITERS,
    "assistant:choose_topics": WRITERS,
    "assistant:check_in": WRITERS,
    "assistant:share_check_in": WRITERS,
    "assistant:delete_check_in": WRITERS,
    "assistant:ask_to_talk": WRITERS,
    "assistant:take_back_talk": WRITERS,
    "assistant:pause": WRITERS,
    "assistant:go_on": WRITERS,
    "assistant:export_care": WRITERS,
    "assistant:erase_care": WRITERS,
    "assistant:supporters": LEADS,
    "assistant:take_up_talk": LEADS,
    "assistant:shared_check_in": LEADS,
    "moderation:queue": REVIEWERS,
    "moderation:queue_rows": REVIEWERS,
    "moderation:next": REVIEWERS,
    "moderation:together": REVIEWERS,
    "moderation:undo_together": REVIEWERS,
    "moderation:flag": REVIEWERS,
    "moderation:claim": REVIEWERS,
    "moderation:renew": REVIEWERS,
    "moderation:claim_state": REVIEWERS,
    "moderation:end_claim": REVIEWERS,
    "moderation:pass": REVIEWERS,
    "moderation:take_over": REVIEWERS,
    "moderation:decide": REVIEWERS,
    "moderation:my_reviews": REVIEWERS,
    "moderation:quality": LEADS,
    "moderation:write_golden": LEADS,
    "moderation:mark_golden": LEADS,
    "moderation:retire_golden": LEADS,
    "moderation:replays": LEADS,
    "moderation:replay": LEADS,
    "moderation:begin_replay": LEADS,
    "moderation:go_on_with_replay": LEADS,
    "moderation:incidents": REVIEWERS,
    "moderation:open_incident": REVIEWERS,
    "moderation:incident": REVIEWERS,
    "moderation:add_to_incident": REVIEWERS,
    "moderation:link_to_incident": REVIEWERS,
    "moderation:sign_off": {Role.LEAD, Role.CLINICIAN},
    "moderation:incident_file": REVIEWERS,
    "moderation:safety": SAFETY,
    "moderation:safety_csv": SAFETY,
    "moderation:safety_json": SAFETY,
    "moderation:looked_at": REVIEWERS,
    "moderation:break_glass": READ_NO_CASE,
    "moderation:ask_break_glass": READ_NO_CASE,
    "moderation:break_glass_case": READ_NO_CASE,
    "moderation:break_glass_requests": LEADS,
    "moderation:answer_break_glass": LEADS,
    "moderation:review_break_glass": LEADS,
    "moderation:answer": REVIEWERS,
    "moderation:note": REVIEWERS,
    "moderation:undo": REVIEWERS,
    "moderation:appeal": WRITERS,
    "moderation:alerts": ALERTED,
    "moderation:alert": ALERTED,
    "moderation:acknowledge": ALERTED,
    "moderation:hand_over": TAKING_HAND_OVERS,
    "moderation:take_hand_over": TAKING_HAND_OVERS,
    "moderation:give_up_hand_over": TAKING_HAND_OVERS,
    "moderation:end_hand_over": TAKING_HAND_OVERS,
    "moderation:reopen_hand_over": TAKING_HAND_OVERS,
    "moderation:duty": ALERTED,
    "moderation:add_shift": MANAGING_DUTY,
    "moderation:remove_shift": MANAGING_DUTY,
    "moderation:out_of_hours": MANAGING_DUTY,
    "moderation:test_alert": MANAGING_DUTY,
    "studies:rate": RATERS,
    "studies:rate_study": RATERS,
    "studies:rate_consent": RATERS,
    "studies:rate_training": RATERS,
    "studies:rate_withdraw": RATERS,
    "studies:rate_text": RATERS,
    "studies:rate_skip": RATERS,
    "studies:rate_comment": RATERS,
    "studies:rate_delete_comment": RATERS,
    "studies:rate_feedback": RATERS,
    "studies:rate_pause": RATERS,
    "studies:research": RESEARCHERS,
    "studies:research_start": RESEARCHERS,
    "studies:research_study": RESEARCHERS,
    "studies:research_question": RESEARCHERS,
    "studies:research_arms": RESEARCHERS,
    "studies:research_remove_arm": RESEARCHERS,
    "studies:research_items": RESEARCHERS,
    "studies:research_pick": RESEARCHERS,
    "studies:research_write": RESEARCHERS,
    "studies:research_writing": RESEARCHERS,
    "studies:research_item": RESEARCHERS,
    "studies:research_remove_item": RESEARCHERS,
    "studies:research_allow": RESEARCHERS,
    "studies:research_leave_out": RESEARCHERS,
    "studies:research_size": RESEARCHERS,
    "studies:research_promise": RESEARCHERS,
    "studies:research_consent": RESEARCHERS,
    "studies:research_raters": RESEARCHERS,
    "studies:research_remove_rater": RESEARCHERS,
    "studies:research_check": RESEARCHERS,
    "studies:research_open": RESEARCHERS,
    "studies:research_pause": RESEARCHERS,
    "studies:research_resume": RESEARCHERS,
    "studies:research_close": RESEARCHERS,
    "studies:research_erase": RESEARCHERS,
    "studies:research_plan": RESEARCHERS,
    "studies:research_export": RESEARCHERS,
    "studies:research_texts": RESEARCHERS,
    "studies:research_report": RESEARCHERS,
    "studies:research_report_check": RESEARCHERS,
    "studies:research_report_state": RESEARCHERS,
    "studies:research_make_report": RESEARCHERS,
    "studies:research_plot": RESEARCHERS,
}

SOMETHING = {
    "token": "x",
    "uidb36": "1",
    "key": "x-y",
    "index": 0,
    "number": 1,
    "code": "x",
    "pk": 1,
    "rater_number": 1,
}  # every other argument is an id


def every_url(resolver: URLResolver, spaces: tuple[str, ...] = ()) -> Iterator[tuple[str, list[str]]]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from every_url(pattern, (*spaces, pattern.namespace) if pattern.namespace else spaces)
        elif isinstance(pattern, URLPattern):
            yield ":".join((*spaces, pattern.name or str(pattern.pattern))), list(pattern.pattern.regex.groupindex)


URLS = dict(every_url(get_resolver()))


def address(name: str) -> str:
    return reverse(name, kwargs={argument: SOMETHING.get(argument, uuid.uuid4()) for argument in URLS[name]})


def ask(client: Client, name: str) -> Page:
    """By whichever method the URL takes; a 405 says nothing about rights."""
    answer = client.get(address(name))
    return client.post(address(name)) if answer.status_code == 405 else answer


def is_sent_to_sign_in(answer: Page) -> bool:
    return answer.status_code == 302 and answer.headers["Location"].startswith(reverse("account_login"))


def test_every_url_is_in_the_table_and_the_table_names_no_other() -> None:
    assert set(URLS) == set(TABLE)


@pytest.mark.parametrize("role", Role)
def test_only_the_roles_of_the_table_get_in(role: Role, person: AddPerson, sign_in: SignIn) -> None:
    somebody = person(f"a-{role}", role)
    client = sign_in(somebody)
    for name, allowed in TABLE.items():
        answer = ask(client, name)
        if name == "account_logout":
            client = sign_in(somebody)
        assert answer.status_code < 500, name
        assert not is_sent_to_sign_in(answer) or name == "account_logout", name
        assert (answer.status_code != 403) == (allowed == ANYBODY or role in allowed), f"{name}: {answer.status_code}"


@pytest.mark.parametrize("name", sorted(URLS))
def test_who_is_not_signed_in_gets_no_further_than_the_table_says(name: str) -> None:
    client = Client()
    for answer in (client.get(address(name)), client.post(address(name))):
        if TABLE[name] == ANYBODY:
            assert answer.status_code < 500
            assert name == "account_logout" or not is_sent_to_sign_in(answer)
        else:
            assert is_sent_to_sign_in(answer)


def test_a_person_without_a_role_gets_into_nothing_but_the_own_account(db: None, sign_in: SignIn) -> None:
    nobody = sign_in(User.objects.create_user("nobody"))
    for name, allowed in TABLE.items():
        if allowed not in (ANYBODY, EVERYBODY):
            assert ask(nobody, name).status_code == 403, name


def test_a_script_that_is_not_signed_in_is_told_so_instead_of_redirected() -> None:
    answer = Client().post(address("assistant:save_draft"), headers={"Accept": "application/json"})
    assert answer.status_code == 401


def test_the_groups_hold_what_the_roles_say_and_nothing_else() -> None:
    held = {
        Role(group.name): {f"{p.content_type.app_label}.{p.codename}" for p in group.permissions.all()}
        for group in Group.objects.all()
    }
    assert held == PERMISSIONS


def test_a_permission_that_somebody_slipped_into_a_group_is_gone_after_migrating() -> None:
    auditors = Group.objects.get(name="auditor")
    auditors.permissions.set(Group.objects.get(name="lead").permissions.all())
    sync_groups()
    held = {permission.codename for permission in auditors.permissions.all()}
    assert held == {"view_audit", "ask_break_glass"}


@pytest.mark.parametrize(
    ("permission", "roles"),
    [
        ("assistant.write_replies", WRITERS),
        ("assistant.use_generate", {Role.LEAD}),
        ("assistant.enter_posts", ENTERING),
        ("assistant.hear_supporters", LEADS),
        ("moderation.view_flags", REVIEWERS),
        ("moderation.decide_flags", REVIEWERS),
        ("moderation.decide_escalated", {Role.LEAD, Role.CLINICIAN}),
        ("moderation.view_quality", LEADS),
        ("moderation.keep_incidents", REVIEWERS),
        ("moderation.sign_off_incidents", {Role.LEAD, Role.CLINICIAN}),
        ("moderation.view_safety", SAFETY),
        ("moderation.ask_break_glass", READ_NO_CASE),
        ("moderation.allow_break_glass", LEADS),
        ("moderation.be_alerted", ALERTED),
        ("moderation.manage_duty", MANAGING_DUTY),
        ("accounts.manage_people", ADMINS),
        ("assistant.manage_goals", ADMINS),
        ("studies.rate_replies", RATERS),
        ("assistant.view_audit", {Role.AUDITOR}),
        ("studies.run_studies", RESEARCHERS),
        ("assistant.view_worker", ADMINS),
    ],
)
def test_a_role_brings_its_permissions(permission: str, roles: set[Role], person: AddPerson) -> None:
    assert {role for role in Role if person(f"a-{role}", role).has_perm(permission)} == roles


def test_two_roles_bring_the_permissions_of_both(person: AddPerson) -> None:
    both = person("wren", Role.SUPPORTER, Role.AUDITOR)
    assert both.has_perm("assistant.write_replies")
    assert both.has_perm("assistant.view_audit")
    assert not both.has_perm("accounts.manage_people")
