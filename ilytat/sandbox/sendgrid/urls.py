"""Paths of the Sendgrid stand-in."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
