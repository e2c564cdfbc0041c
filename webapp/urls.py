from django.urls import include, path

from webapp import views

urlpatterns = [
    path("", views.home, name="home"),
    path("healthz", views.healthz, name="healthz"),
    path("metrics", views.metrics, name="metrics"),
    path("engine/", views.engine, name="engine"),
    path("engine/state", views.engine_state, name="engine_state"),
    path("models/", include("webapp.panel.urls")),
    path("", include("webapp.accounts.urls")),
    path("", include("assistant.urls")),
    path("moderation/", include("moderation.urls")),
    path("studies/", include("webapp.studies.urls")),
]
