from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "payments"

    def ready(self) -> None:
        # Late: handlers, queues and checks register themselves once the models are loaded.
        from payments import registry  # noqa: F401
