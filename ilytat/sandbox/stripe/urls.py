"""Paths of the Stripe stand-in."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
