from django.urls import path

from assistant import views

app_name = "assistant"
urlpatterns = [
    path("posts/", views.posts, name="posts"),
    path("posts/next", views.next_post, name="next_post"),
    path("posts/enter", views.enter_post, name="enter_post"),
    path("drafts/<uuid:draft_id>/", views.draft, name="draft"),
    path("drafts/<uuid:draft_id>/save", views.save_draft, name="save_draft"),
    path("drafts/<uuid:draft_id>/ask", views.ask, name="ask"),
    path("drafts/<uuid:draft_id>/check", views.check, name="check"),
    path("drafts/<uuid:draft_id>/send", views.send, name="send"),
    path("drafts/<uuid:draft_id>/country", views.set_country, name="set_country"),
    path("drafts/<uuid:draft_id>/give-back", views.give_back, name="give_back"),
    path("drafts/<uuid:draft_id>/hand-over", views.hand_over, name="hand_over"),
    path("drafts/<uuid:draft_id>/worry", views.worry, name="worry"),
    path("jobs/<uuid:job_id>/stream", views.stream, name="stream"),
    path("jobs/<uuid:job_id>/cancel", views.cancel, name="cancel"),
    path("jobs/<uuid:job_id>/suggestion", views.suggestion, name="suggestion"),
    path("suggestions/<uuid:suggestion_id>/changes/<int:index>", views.decide_change, name="decide_change"),
    path("suggestions/<uuid:suggestion_id>/report", views.report_suggestion, name="report_suggestion"),
    path("replies/", views.replies, name="replies"),
    path("replies/<uuid:reply_id>/", views.reply, name="reply"),
    path("replies/<uuid:reply_id>/take-back", views.take_back, name="take_back"),
]
