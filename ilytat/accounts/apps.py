from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "ilytat.accounts"
    label = "accounts"

    def ready(self) -> None:
        # Late: receivers and keepers register themselves once the models are loaded.
        from ilytat.accounts import deferred_emails  # noqa: F401 (importing registers)
