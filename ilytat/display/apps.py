"""How values are shown to people: money as they write it, foreign HTML made harmless. Imports nothing of the shop."""

from django.apps import AppConfig


class DisplayConfig(AppConfig):
    name = "ilytat.display"
