from django.apps import AppConfig
from django.conf import settings


class AssistantConfig(AppConfig):
    name = "assistant"

    def ready(self) -> None:
        from assistant.safety import helplines, policy

        policy.use(settings.SAFETY_POLICY_FILE)
        helplines.use(settings.HELPLINES_FILE)
