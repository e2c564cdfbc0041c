from django.urls import path

from moderation.views import break_glass, case, claims, incidents, onward, queue, safety

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
    path("incidents/", incidents.incidents, name="incidents"),
    path("incidents/new", incidents.open_incident, name="open_incident"),
    path("incidents/<uuid:incident_id>/", incidents.incident, name="incident"),
    path("incidents/<uuid:incident_id>/add", incidents.add_to_incident, name="add_to_incident"),
    path("incidents/<uuid:incident_id>/link", incidents.link_to_incident, name="link_to_incident"),
    path("incidents/<uuid:incident_id>/sign-off", incidents.sign_off, name="sign_off"),
    path("incidents/<uuid:incident_id>/file", incidents.incident_file, name="incident_file"),
    path("break-glass/", break_glass.break_glass, name="break_glass"),
    path("break-glass/ask", break_glass.ask_break_glass, name="ask_break_glass"),
    path("break-glass/requests/", break_glass.break_glass_requests, name="break_glass_requests"),
    path("break-glass/<uuid:asked_id>/answer", break_glass.answer_break_glass, name="answer_break_glass"),
    path("break-glass/<uuid:request_id>/case/", break_glass.break_glass_case, name="break_glass_case"),
    path("safety/", safety.safety, name="safety"),
    path("safety/<slug:code>.csv", safety.safety_csv, name="safety_csv"),
    path("safety/<slug:code>.json", safety.safety_json, name="safety_json"),
    path("looked-at/", safety.looked_at, name="looked_at"),
    path("break-glass/reviews/<uuid:review_id>", break_glass.review_break_glass, name="review_break_glass"),
]
