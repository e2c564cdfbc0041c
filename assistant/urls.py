from django.urls import path

from assistant.views import growth, helping, history, posts, replies, writing

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
    path("my-writing/", growth.growth, name="growth"),
    path("my-writing/numbers.json", growth.numbers, name="numbers"),
    path("my-writing/help", growth.choose_help, name="choose_help"),
    path("my-writing/counting", growth.switch_numbers, name="switch_numbers"),
    path("my-writing/delete", growth.delete_numbers, name="delete_numbers"),
    path("suggestions/<uuid:suggestion_id>/report", helping.report_suggestion, name="report_suggestion"),
    path("replies/", replies.replies, name="replies"),
    path("replies/<uuid:reply_id>/", replies.reply, name="reply"),
    path("replies/<uuid:reply_id>/take-back", replies.take_back, name="take_back"),
]
