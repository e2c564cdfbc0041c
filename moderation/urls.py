from django.urls import path

from moderation import views

app_name = "moderation"
urlpatterns = [
    path("", views.queue_page, name="queue"),
    path("rows", views.queue_rows, name="queue_rows"),
    path("flags/<uuid:flag_id>/", views.flag, name="flag"),
    path("flags/<uuid:flag_id>/claim", views.claim, name="claim"),
    path("flags/<uuid:flag_id>/end-claim", views.end_claim, name="end_claim"),
    path("flags/<uuid:flag_id>/decide", views.decide, name="decide"),
]
