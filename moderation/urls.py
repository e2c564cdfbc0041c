from django.urls import path

from moderation.views import case, claims, onward, queue

app_name = "moderation"
urlpatterns = [
    path("", queue.queue_page, name="queue"),
    path("rows", queue.queue_rows, name="queue_rows"),
    path("next", onward.next_flag, name="next"),
    path("together", queue.decide_together, name="together"),
    path("flags/<uuid:flag_id>/", case.flag, name="flag"),
    path("flags/<uuid:flag_id>/claim", claims.claim, name="claim"),
    path("flags/<uuid:flag_id>/renew", claims.renew, name="renew"),
    path("flags/<uuid:flag_id>/claim-state", claims.state, name="claim_state"),
    path("flags/<uuid:flag_id>/end-claim", claims.end_claim, name="end_claim"),
    path("flags/<uuid:flag_id>/pass", claims.pass_on, name="pass"),
    path("flags/<uuid:flag_id>/take-over", claims.take_over, name="take_over"),
    path("flags/<uuid:flag_id>/decide", case.decide, name="decide"),
]
