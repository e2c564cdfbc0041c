from django.urls import path

from moderation.consumers import AlertConsumer, QueueConsumer

websocket_urlpatterns = [path("ws/queue", QueueConsumer.as_asgi()), path("ws/alerts", AlertConsumer.as_asgi())]
