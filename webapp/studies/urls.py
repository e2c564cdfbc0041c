from django.urls import path

from webapp.studies.views import raters

app_name = "studies"

urlpatterns = [
    # Raters
    path("rate/", raters.rate, name="rate"),
    path("rate/<uuid:study_id>/", raters.study, name="rate_study"),
    path("rate/<uuid:study_id>/consent", raters.consent, name="rate_consent"),
    path("rate/<uuid:study_id>/training", raters.training, name="rate_training"),
    path("rate/<uuid:study_id>/withdraw", raters.withdraw, name="rate_withdraw"),
    path("rate/texts/<uuid:assignment_id>/", raters.text, name="rate_text"),
    path("rate/texts/<uuid:assignment_id>/skip", raters.skip, name="rate_skip"),
    path("rate/texts/<uuid:assignment_id>/comment", raters.comment, name="rate_comment"),
    path(
        "rate/texts/<uuid:assignment_id>/comments/<uuid:comment_id>/delete",
        raters.delete_comment,
        name="rate_delete_comment",
    ),
    path("rate/texts/<uuid:assignment_id>/feedback", raters.feedback, name="rate_feedback"),
    path("rate/texts/<uuid:assignment_id>/pause", raters.pause, name="rate_pause"),
]
