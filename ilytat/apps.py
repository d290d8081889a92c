"""The project as an app: it carries the admin site, the Celery app and the system checks."""

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class ShopConfig(AppConfig):
    name = "ilytat"

    def ready(self) -> None:
        # Late: Celery reads Django's settings, and checks must register when the registry is ready.
        from ilytat import celery, checks  # noqa: F401


class ShopAdminConfig(admin_apps.AdminConfig):
    default_site = "ilytat.admin.ShopAdminSite"
