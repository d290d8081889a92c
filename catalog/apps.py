from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "catalog"

    def ready(self) -> None:
        # Late: handlers, queues and checks register themselves once the models are loaded.
        from catalog import registry  # noqa: F401
