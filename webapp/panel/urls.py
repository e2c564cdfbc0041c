from django.urls import path

from webapp.panel import views

app_name = "panel"
urlpatterns = [
    path("", views.models, name="models"),
    path("<uuid:version_id>/", views.model, name="model"),
    path("<uuid:version_id>/sample", views.draw, name="draw"),
    path("<uuid:version_id>/override", views.propose, name="propose"),
    path("overrides/<uuid:override_id>", views.answer, name="answer"),
    path("samples/<uuid:sample_id>/", views.sample, name="sample"),
    path("samples/<uuid:sample_id>/sign", views.sign, name="sign"),
    path("outputs/<uuid:output_id>", views.mark, name="mark"),
    path("sign-offs/<uuid:sign_off_id>/withdraw", views.withdraw, name="withdraw"),
]
