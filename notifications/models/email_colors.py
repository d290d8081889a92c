"""The colors of emails that staff choose, and whether every text can be read on its surface (WCAG AA)."""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models

COLOR = re.compile(r"#[0-9a-f]{6}")
CONTRAST_MIN = 4.5  # WCAG 2.2, 1.4.3: text of any size
NAMES = ("accent", "accent_text", "background", "card", "text", "link")
# What emails/_style.css keeps as it is, beside what staff choose.
FIXED = {"muted text": "#635f55", "panel": "#f4f2ea", "green panel": "#edf0ea", "warm panel": "#fbf1e4"}
DARK_FIXED = {"muted text": "#bdb8aa", "panel": "#2d2c26", "green panel": "#2b302a", "warm panel": "#362d22"}
PANELS = ("panel", "green panel", "warm panel")
# Text and what it stands on. Small headings take the accent in light emails and the link's color in dark ones.
ON_EVERY_SURFACE = [(name, surface) for name in ("text", "link") for surface in ("card", *PANELS)]
PAIRS = [
    ("accent_text", "accent"),
    *ON_EVERY_SURFACE,
    ("text", "background"),
    ("muted text", "card"),
    ("muted text", "background"),
]
LIGHT_PAIRS = [*PAIRS, ("accent", "card"), ("accent", "background")]
DARK_PAIRS = [*PAIRS, ("link", "background")]


def _color(default: str, help_text: str = "") -> Any:
    valid = RegexValidator(rf"\A{COLOR.pattern}\Z", "Enter a color as #rrggbb, such as #5c6a5c.")
    return models.CharField(max_length=7, default=default, validators=[valid], help_text=help_text)


class EmailColors(models.Model):
    """Each is #rrggbb. Templates take them from `palette`, which lets nothing else into a style sheet."""

    accent = _color("#5c6a5c", "Buttons and small headings.")
    accent_text = _color("#ffffff", "The text of buttons.")
    background = _color("#f3f0e8", "Behind the email.")
    card = _color("#ffffff", "The email's sheet.")
    text = _color("#21201d")
    link = _color("#4c5a4c")
    dark_accent = _color("#5c6a5c", "Buttons.")
    dark_accent_text = _color("#ffffff", "The text of buttons.")
    dark_background = _color("#171613", "Behind the email.")
    dark_card = _color("#23221e", "The email's sheet.")
    dark_text = _color("#efece3")
    dark_link = _color("#b3c0a8", "Links and small headings.")

    class Meta:
        abstract = True

    def clean(self) -> None:
        """Refuse two colors that cannot be told apart, naming them and their contrast."""
        super().clean()
        problems: dict[str, list[str]] = defaultdict(list)
        for field, problem in self._contrast_problems():
            problems[field].append(problem)
        if problems:
            raise ValidationError(dict(problems))

    def palette(self) -> dict[str, str]:
        """The colors by name; the default in place of what is not a color, whoever wrote it into the row."""
        chosen = {}
        for name in (*NAMES, *(f"dark_{name}" for name in NAMES)):
            value = str(getattr(self, name))
            chosen[name] = value if COLOR.fullmatch(value) else getattr(type(self)(), name)
        return chosen

    def _contrast_problems(self) -> Iterator[tuple[str, str]]:
        palette = self.palette()
        for prefix, fixed, pairs in (("", FIXED, LIGHT_PAIRS), ("dark_", DARK_FIXED, DARK_PAIRS)):
            for text, surface in pairs:
                colors = [fixed.get(name) or palette[prefix + name] for name in (text, surface)]
                ratio = contrast(*colors)
                if ratio < CONTRAST_MIN:
                    field = prefix + (surface if text in fixed else text)
                    mode = "in dark mode, " if prefix else ""
                    words = f"{text.replace('_', ' ')} {colors[0]} on {surface.replace('_', ' ')} {colors[1]}"
                    yield (
                        field,
                        f"Too little contrast: {mode}{words} has {ratio:.1f}:1. {CONTRAST_MIN}:1 is needed.",
                    )


def contrast(color: str, other: str) -> float:
    """Return the contrast ratio of WCAG 2.2 of two colors, from 1 to 21."""
    lighter, darker = sorted((_luminance(color), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: str) -> float:
    channels = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)  # noqa: PLR2004 (sRGB)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
