from django.apps import AppConfig


class IntegrationsConfig(AppConfig):
    name = "ilytat.integrations"
    label = "integrations"

    def ready(self) -> None:
        # Late: the registry of queues needs loaded models.
        from ilytat.integrations import health_tiles, inbox, incidents, readiness_checks  # noqa: F401
