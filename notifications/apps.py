from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "notifications"

    def ready(self) -> None:
        # Late: handlers, queues and checks register themselves once the models are loaded.
        from notifications import registry  # noqa: F401 (imported for what it registers)
