"""Texts the owner wrote in place of the built-in ones. Each is a new version; none is ever edited or deleted."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone


class PageText(models.Model):
    SLUGS: ClassVar = [
        (slug, slug.replace("-", " ").capitalize())
        for slug in (
            "about",
            "contact",
            "shipping",
            "returns",
            "privacy",
            "terms",
            "imprint",
            "accessibility",
        )
    ]

    slug = models.CharField("page", max_length=20, choices=SLUGS)
    language = models.CharField(max_length=8, choices=settings.LANGUAGES)
    version = models.PositiveIntegerField(editable=False)
    title = models.CharField(max_length=120)
    body = models.TextField(help_text="HTML: headings (h2, h3), paragraphs, lists, links. Anything else is taken out.")
    what_changed = models.CharField(max_length=200, blank=True, help_text="For the next who asks why.")
    published_at = models.DateTimeField(default=timezone.now, editable=False)
    published_by = models.CharField(max_length=120, blank=True, editable=False)

    class Meta:
        ordering = ["slug", "language", "-version"]
        constraints = [models.UniqueConstraint(fields=["slug", "language", "version"], name="page_text_version_once")]

    def __str__(self) -> str:
        return f"{self.slug} ({self.language}) {self.version}"
