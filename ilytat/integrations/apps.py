from django.apps import AppConfig


class IntegrationsConfig(AppConfig):
    name = "ilytat.integrations"
    label = "integrations"

    def ready(self) -> None:
        # Late: the registry of queues needs loaded models.
        from ilytat.integrations import alerts  # noqa: F401
