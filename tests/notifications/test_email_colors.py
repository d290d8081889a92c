"""The owner's colors in emails: validated, readable, and nothing but colors in the style sheet."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.forms import model_to_dict
from django.test import Client
from django.urls import reverse

from notifications import rendering
from notifications.models import Brand
from notifications.models.email_colors import contrast
from notifications.samples import sample

pytestmark = pytest.mark.django_db


def shipped() -> str:
    return rendering.render("shipped", "en", sample("shipped")).html


def errors(**colors: str) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as refused:
        Brand(**colors).full_clean()
    return refused.value.message_dict


def form(brand: Brand, **changes: str) -> dict[str, Any]:
    """The fields of the brand's page as the browser sends them."""
    fields = model_to_dict(brand, exclude=["id", "logo", "social"])
    return fields | {"social_name": [], "social_url": []} | changes


@pytest.mark.parametrize(("one", "other", "ratio"), [("#000000", "#ffffff", 21), ("#777777", "#ffffff", 4.48)])
def test_contrast_is_that_of_the_wcag(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == contrast(other, one) == pytest.approx(ratio, abs=0.01)


def test_the_default_colors_can_be_read() -> None:
    Brand().full_clean()


@pytest.mark.parametrize(
    ("colors", "field", "words"),
    [
        ({"accent_text": "#c8d0c8"}, "accent_text", "accent text #c8d0c8 on accent #5c6a5c has"),
        ({"text": "#8a8a8a"}, "text", "text #8a8a8a on card #ffffff has 3.5:1. 4.5:1 is needed."),
        ({"link": "#8a8a8a"}, "link", "link #8a8a8a on warm panel #fbf1e4"),
        ({"card": "#101010"}, "card", "muted text #635f55 on card #101010"),
        ({"dark_text": "#555555"}, "dark_text", "in dark mode, text #555555 on card #23221e"),
        ({"dark_background": "#eeeeee"}, "dark_background", "in dark mode, muted text #bdb8aa on background #eeeeee"),
    ],
)
def test_colors_that_cannot_be_told_apart_are_refused_with_their_contrast(
    colors: dict[str, str], field: str, words: str
) -> None:
    assert words in " ".join(errors(**colors)[field])


@pytest.mark.parametrize("value", ["red", "#fff", "#5C6A5", "#5c6a5c;", "#5c6a5c\n", "url(x)", "}body{", ""])
def test_what_is_no_color_is_refused(value: str) -> None:
    assert "accent" in errors(accent=value)


def test_an_email_wears_the_colors_of_the_brand() -> None:
    Brand.objects.create(accent="#7a1f3d", background="#fdf6f0", dark_accent="#0b3d91")
    html = shipped()
    assert "background-color: #7a1f3d" in html
    assert 'bgcolor="#fdf6f0"' in html
    assert "#0b3d91 !important" in html
    assert "#f3f0e8" not in html


def test_nothing_but_a_color_gets_into_the_style_sheet() -> None:
    """Also from a row that no form has checked."""
    Brand.objects.create(accent="}*{x:y", link="</styl", dark_link="red;}")
    html = shipped()
    assert "background-color: #5c6a5c" in html
    assert not any(text in html for text in ("}*{x:y", "</styl}", "red;}"))


def test_staff_preview_colors_before_they_save_them(admin_client: Client) -> None:
    brand = Brand.objects.create()
    preview = reverse("admin:brand_preview", args=["order_confirmed"])

    shown = admin_client.post(preview, form(brand, accent="#7a1f3d")).content.decode()
    refused = admin_client.post(preview, form(brand, text="#ffffff")).content.decode()

    assert "background-color: #7a1f3d" in shown
    assert "Too little contrast: text #ffffff on card #ffffff has 1.0:1" in refused
    brand.refresh_from_db()
    assert brand.accent == "#5c6a5c"


def test_staff_save_colors(admin_client: Client) -> None:
    brand = Brand.objects.create()
    page = reverse("admin:notifications_brand_change", args=[brand.pk])
    assert 'type="color" name="dark_accent_text"' in admin_client.get(page).content.decode()
    assert admin_client.post(page, form(brand, accent="#7a1f3d")).status_code == 302
    brand.refresh_from_db()
    assert brand.accent == "#7a1f3d"
