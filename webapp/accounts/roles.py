"""Who may do what: the roles, as groups, and the permissions of each.

Views ask for permissions by name, never for roles. webapp/accounts/tests/test_roles.py walks every URL with every role.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from django.contrib.auth.models import Group, Permission


class Role(StrEnum):
    SUPPORTER = "supporter"
    MODERATOR = "moderator"
    LEAD = "lead"
    CLINICIAN = "clinician"
    RESEARCHER = "researcher"
    ADMIN = "admin"
    AUDITOR = "auditor"
    RATER = "rater"


WRITE_REPLIES = "assistant.write_replies"  # take posts, draft, ask for improvement, send
USE_GENERATE = "assistant.use_generate"  # ask for a draft from the post; given person by person, or with the lead role
ENTER_POSTS = "assistant.enter_posts"
HEAR_SUPPORTERS = "assistant.hear_supporters"  # who asked to talk, and check-ins that were shared
DECIDE_FLAGS = "moderation.decide_flags"
DECIDE_ESCALATED = "moderation.decide_escalated"  # flags that were escalated to a lead
VIEW_FLAGS = "moderation.view_flags"
VIEW_QUALITY = "moderation.view_quality"  # how far people and checks agree; golden items; replays
KEEP_INCIDENTS = "moderation.keep_incidents"
SIGN_OFF_INCIDENTS = "moderation.sign_off_incidents"
VIEW_SAFETY = "moderation.view_safety"  # figures without content
ASK_BREAK_GLASS = "moderation.ask_break_glass"  # to read one case for a while, for those who read none
ALLOW_BREAK_GLASS = "moderation.allow_break_glass"
BE_ALERTED = "moderation.be_alerted"  # is told when somebody must come, and sees who is on duty
MANAGE_DUTY = "moderation.manage_duty"  # the rota, and test alerts
MANAGE_PEOPLE = "accounts.manage_people"
MANAGE_GOALS = (
    "assistant.manage_goals"  # what supporters can ask a revision to aim for, and what the model is told of it
)
RUN_STUDIES = "studies.run_studies"
RATE_REPLIES = (
    "studies.rate_replies"  # may be asked to; what they see are the scrubbed texts of studies that they were added to
)
VIEW_AUDIT = "assistant.view_audit"
SIGN_OFF_MODELS = "assistant.sign_off_models"  # the clinician panel: reads outputs blind, and signs versions off
VIEW_MODELS = "assistant.view_modelversion"  # where a version comes from and what speaks for it; made with the table
VIEW_WORKERS = "assistant.view_worker"  # the engine's page and /metrics; Django makes this one with the table

# Whoever may do more than this reads what was flagged, or looks after people or the site, and needs a second factor. What is
# new is on that side unless it is named here.
WITHOUT_SECOND_FACTOR = frozenset({WRITE_REPLIES, USE_GENERATE, RATE_REPLIES})

PERMISSIONS: dict[Role, frozenset[str]] = {
    Role.SUPPORTER: frozenset({WRITE_REPLIES, RATE_REPLIES}),
    Role.MODERATOR: frozenset({VIEW_FLAGS, DECIDE_FLAGS, KEEP_INCIDENTS, ENTER_POSTS, BE_ALERTED, RATE_REPLIES}),
    Role.LEAD: frozenset(
        {VIEW_FLAGS, DECIDE_FLAGS, DECIDE_ESCALATED, ENTER_POSTS, WRITE_REPLIES, USE_GENERATE, HEAR_SUPPORTERS}
        | {KEEP_INCIDENTS, SIGN_OFF_INCIDENTS, VIEW_SAFETY, ALLOW_BREAK_GLASS, BE_ALERTED, MANAGE_DUTY, VIEW_QUALITY}
        | {RATE_REPLIES}
    ),
    Role.CLINICIAN: frozenset(
        {VIEW_FLAGS, DECIDE_FLAGS, DECIDE_ESCALATED, KEEP_INCIDENTS, SIGN_OFF_INCIDENTS, VIEW_SAFETY, BE_ALERTED}
        | {RATE_REPLIES, SIGN_OFF_MODELS, VIEW_MODELS}
    ),
    Role.RESEARCHER: frozenset({RUN_STUDIES, VIEW_MODELS}),  # scrubbed texts only; no live case
    # No body access, but for a case that a lead opens to them for a while.
    Role.ADMIN: frozenset(
        {MANAGE_PEOPLE, MANAGE_GOALS, ENTER_POSTS, VIEW_WORKERS, VIEW_SAFETY, ASK_BREAK_GLASS, BE_ALERTED, MANAGE_DUTY}
        | {VIEW_MODELS}
    ),
    Role.AUDITOR: frozenset({VIEW_AUDIT, ASK_BREAK_GLASS}),  # the audit log, which has no content
    Role.RATER: frozenset({RATE_REPLIES}),  # somebody who writes no replies here, and is asked to judge some
}


def sync_groups(**_: Any) -> None:
    """Make the groups and their permissions what the table says. Runs after every migrate."""
    rows = Permission.objects.values_list("content_type__app_label", "codename", "id")
    known = {f"{app}.{codename}": row_id for app, codename, row_id in rows}
    for role, names in PERMISSIONS.items():
        group, _created = Group.objects.get_or_create(name=role.value)
        group.permissions.set([known[name] for name in names if name in known])
