"""Changes that touch several rows. Each is one transaction with its audit event; none of them enqueues.

The path of a reply, in order: receive_post, take_next_post, save_revision, ask_for_help, finish_job, decide_change,
send_reply; and what a moderator's decision does: release, withhold, return_reply; restore, send_after_all, return_after_all.
"""

from assistant.actions.canaries import (
    fail_shadow,
    fall_back,
    finish_shadow,
    judge,
    judge_all,
    mark_seen,
    note_deaths,
    queue_shadow,
    start_canary,
    stop_canary,
)
from assistant.actions.care import (
    ask_to_talk,
    check_in,
    delete_check_ins,
    erase_care,
    leave_out_topics,
    note_reading,
    share_check_in,
    take_back_talk,
    take_up_talk,
)
from assistant.actions.consents import answer_about_learning, withdraw_post_from_learning
from assistant.actions.drafts import (
    enough_to_ask,
    head_after_saving,
    restore_revision,
    save_revision,
    visible_suggestions,
)
from assistant.actions.figures import keep_figures
from assistant.actions.goals import (
    add_goal,
    change_goal,
    move_goal,
    offer_goal,
    offered_goals,
    told_by,
)
from assistant.actions.growth import choose_help, delete_numbers, next_level, switch_numbers
from assistant.actions.holds import release, return_reply, withhold
from assistant.actions.posts import (
    give_back_post,
    give_back_posts_of,
    hand_over_post,
    receive_post,
    set_country,
    take_next_post,
    take_post,
)
from assistant.actions.refused import Refused, StaleRevision
from assistant.actions.replies import screen_reply, send_reply, take_back_reply, why_unsendable
from assistant.actions.returned import let_go, let_go_rested, without_reply
from assistant.actions.reversals import may_go_after_all, restore, return_after_all, send_after_all
from assistant.actions.screenings import report, worry
from assistant.actions.second_readings import fail_reading, finish_reading
from assistant.actions.suggestions import (
    Finished,
    ask_for_help,
    cancel_job,
    cancel_jobs_of,
    changes_of,
    decide_change,
    fail_job,
    finish_job,
    stop_kind,
    suggest_kind_again,
    verdicts_of,
)

__all__ = [
    "Finished",
    "Refused",
    "StaleRevision",
    "add_goal",
    "answer_about_learning",
    "ask_for_help",
    "ask_to_talk",
    "cancel_job",
    "cancel_jobs_of",
    "change_goal",
    "changes_of",
    "check_in",
    "choose_help",
    "decide_change",
    "delete_check_ins",
    "delete_numbers",
    "enough_to_ask",
    "erase_care",
    "fail_job",
    "fail_reading",
    "fail_shadow",
    "fall_back",
    "finish_job",
    "finish_reading",
    "finish_shadow",
    "give_back_post",
    "give_back_posts_of",
    "hand_over_post",
    "head_after_saving",
    "judge",
    "judge_all",
    "keep_figures",
    "leave_out_topics",
    "let_go",
    "let_go_rested",
    "mark_seen",
    "may_go_after_all",
    "move_goal",
    "next_level",
    "note_deaths",
    "note_reading",
    "offer_goal",
    "offered_goals",
    "queue_shadow",
    "receive_post",
    "release",
    "report",
    "restore",
    "restore_revision",
    "return_after_all",
    "return_reply",
    "save_revision",
    "screen_reply",
    "send_after_all",
    "send_reply",
    "set_country",
    "share_check_in",
    "start_canary",
    "stop_canary",
    "stop_kind",
    "suggest_kind_again",
    "switch_numbers",
    "take_back_reply",
    "take_back_talk",
    "take_next_post",
    "take_post",
    "take_up_talk",
    "told_by",
    "verdicts_of",
    "visible_suggestions",
    "why_unsendable",
    "withdraw_post_from_learning",
    "withhold",
    "without_reply",
    "worry",
]
