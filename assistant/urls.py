from django.urls import path

from assistant.views import goals, helping, history, posts, replies, writing

app_name = "assistant"
urlpatterns = [
    path("posts/", posts.posts, name="posts"),
    path("posts/next", posts.next_post, name="next_post"),
    path("posts/enter", posts.enter_post, name="enter_post"),
    path("drafts/<uuid:draft_id>/", writing.draft, name="draft"),
    path("drafts/<uuid:draft_id>/save", writing.save_draft, name="save_draft"),
    path("drafts/<uuid:draft_id>/ask", helping.ask, name="ask"),
    path("drafts/<uuid:draft_id>/history", history.history, name="history"),
    path("drafts/<uuid:draft_id>/history/<int:number>", history.revision, name="revision"),
    path("drafts/<uuid:draft_id>/history/<int:number>/restore", history.restore, name="restore"),
    path("drafts/<uuid:draft_id>/sentences", helping.sentences, name="sentences"),
    path("drafts/<uuid:draft_id>/check", writing.check, name="check"),
    path("drafts/<uuid:draft_id>/send", writing.send, name="send"),
    path("drafts/<uuid:draft_id>/country", writing.set_country, name="set_country"),
    path("drafts/<uuid:draft_id>/give-back", writing.give_back, name="give_back"),
    path("drafts/<uuid:draft_id>/hand-over", writing.hand_over, name="hand_over"),
    path("drafts/<uuid:draft_id>/worry", writing.worry, name="worry"),
    path("jobs/<uuid:job_id>/stream", helping.stream, name="stream"),
    path("jobs/<uuid:job_id>/cancel", helping.cancel, name="cancel"),
    path("jobs/<uuid:job_id>/suggestion", helping.suggestion, name="suggestion"),
    path("suggestions/<uuid:suggestion_id>/changes/<int:index>", helping.decide_change, name="decide_change"),
    path("suggestions/<uuid:suggestion_id>/changes/<int:index>/stop", helping.stop_kind, name="stop_kind"),
    path("kinds/", helping.kinds, name="kinds"),
    path("kinds/<slug:code>/again", helping.suggest_kind_again, name="suggest_kind_again"),
    path("suggestions/<uuid:suggestion_id>/report", helping.report_suggestion, name="report_suggestion"),
    path("goals/", goals.goals, name="goals"),
    path("goals/add", goals.add_goal, name="add_goal"),
    path("goals/<uuid:goal_id>/change", goals.change_goal, name="change_goal"),
    path("goals/<uuid:goal_id>/move", goals.move_goal, name="move_goal"),
    path("goals/<uuid:goal_id>/offer", goals.offer_goal, name="offer_goal"),
    path("replies/", replies.replies, name="replies"),
    path("replies/<uuid:reply_id>/", replies.reply, name="reply"),
    path("replies/<uuid:reply_id>/take-back", replies.take_back, name="take_back"),
]
