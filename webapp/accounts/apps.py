from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "webapp.accounts"
    label = "accounts"

    def ready(self) -> None:
        from webapp.accounts.roles import sync_groups

        # It is sent for one app after the other, and makes the permissions of each: after the last, all are there.
        *_, last = (config for config in apps.get_app_configs() if config.models_module is not None)
        post_migrate.connect(sync_groups, sender=last, dispatch_uid="accounts.sync_groups")
