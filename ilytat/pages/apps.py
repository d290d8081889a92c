"""The shop's own pages (terms, shipping, about …): a built-in text each, which the owner replaces in the admin."""

from django.apps import AppConfig


class PagesConfig(AppConfig):
    name = "ilytat.pages"
    label = "pages"
    verbose_name = "Pages"
