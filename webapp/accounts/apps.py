from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "webapp.accounts"
    label = "accounts"

    def ready(self) -> None:
        from webapp.accounts.roles import sync_groups

        post_migrate.connect(sync_groups, dispatch_uid="accounts.sync_groups")
