from django.urls import path

from moderation.views import appeals, case, queue

app_name = "moderation"
urlpatterns = [
    path("", queue.queue_page, name="queue"),
    path("rows", queue.queue_rows, name="queue_rows"),
    path("flags/<uuid:flag_id>/", case.flag, name="flag"),
    path("flags/<uuid:flag_id>/claim", case.claim, name="claim"),
    path("flags/<uuid:flag_id>/end-claim", case.end_claim, name="end_claim"),
    path("flags/<uuid:flag_id>/decide", case.decide, name="decide"),
    path("flags/<uuid:flag_id>/answer", case.answer, name="answer"),
    path("flags/<uuid:flag_id>/note", case.note, name="note"),
    path("decisions/<uuid:decision_id>/undo", case.undo, name="undo"),
    path("replies/<uuid:reply_id>/appeal", appeals.appeal, name="appeal"),
]
