"""Paths of the Printify stand-in."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
