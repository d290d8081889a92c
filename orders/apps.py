from django.apps import AppConfig


class OrdersConfig(AppConfig):
    name = "orders"

    def ready(self) -> None:
        # Late: handlers, queues and checks register themselves once the models are loaded.
        from orders import registry  # noqa: F401
