from django.urls import path

from assistant.consumers import JobConsumer

websocket_urlpatterns = [path("ws/jobs", JobConsumer.as_asgi())]
