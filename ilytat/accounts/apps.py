from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "ilytat.accounts"
    label = "accounts"

    def ready(self) -> None:
        # Late: the receiver needs loaded models.
        from ilytat.accounts import claims  # noqa: F401 (imported for its receiver)
