from django.urls import path

from moderation.views import alerts, case, duty, hand_overs, queue

app_name = "moderation"
urlpatterns = [
    path("", queue.queue_page, name="queue"),
    path("rows", queue.queue_rows, name="queue_rows"),
    path("flags/<uuid:flag_id>/", case.flag, name="flag"),
    path("flags/<uuid:flag_id>/claim", case.claim, name="claim"),
    path("flags/<uuid:flag_id>/end-claim", case.end_claim, name="end_claim"),
    path("flags/<uuid:flag_id>/decide", case.decide, name="decide"),
    path("alerts/", alerts.alerts, name="alerts"),
    path("alerts/<uuid:alert_id>/", alerts.alert, name="alert"),
    path("alerts/<uuid:alert_id>/acknowledge", alerts.acknowledge, name="acknowledge"),
    path("hand-overs/<uuid:escalation_id>/", hand_overs.hand_over, name="hand_over"),
    path("hand-overs/<uuid:escalation_id>/take", hand_overs.take_hand_over, name="take_hand_over"),
    path("hand-overs/<uuid:escalation_id>/give-up", hand_overs.give_up_hand_over, name="give_up_hand_over"),
    path("hand-overs/<uuid:escalation_id>/end", hand_overs.end_hand_over, name="end_hand_over"),
    path("hand-overs/<uuid:escalation_id>/reopen", hand_overs.reopen_hand_over, name="reopen_hand_over"),
    path("duty/", duty.duty, name="duty"),
    path("duty/shifts", duty.add_shift, name="add_shift"),
    path("duty/shifts/<uuid:shift_id>/remove", duty.remove_shift, name="remove_shift"),
    path("duty/out-of-hours", duty.out_of_hours, name="out_of_hours"),
    path("duty/test", duty.test_alert, name="test_alert"),
]
