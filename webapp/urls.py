from django.urls import include, path

from webapp import views

urlpatterns = [
    path("", views.home, name="home"),
    path("healthz", views.healthz, name="healthz"),
    path("", include("webapp.accounts.urls")),
    path("", include("assistant.urls")),
    path("moderation/", include("moderation.urls")),
]
