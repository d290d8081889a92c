"""The brand's links, edited as rows."""

import pytest
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from notifications.context import current_brand
from notifications.models import Brand
from notifications.models.brand import cache_key

pytestmark = pytest.mark.django_db
FIELDS = ("name", "legal_name", "tagline", "support_email", "phone", "address", "hours")


def save(client: Client, *rows: tuple[str, str]) -> str:
    brand = Brand.objects.order_by("pk").first() or Brand.objects.create()
    data = {name: getattr(brand, name) for name in FIELDS} | brand.palette()
    links = {"social_name": [name for name, _ in rows], "social_url": [url for _, url in rows]}
    answer = client.post(reverse("admin:notifications_brand_change", args=[brand.pk]), data | links, follow=True)
    return str(answer.content.decode())


def test_the_links_there_are_stand_in_rows_with_room_for_more(admin_client: Client) -> None:
    page = admin_client.get(reverse("admin:notifications_brand_changelist"), follow=True).content.decode()
    assert page.count('name="social_url"') == 4
    assert 'value="https://www.tiktok.com/@Positive_Echoes"' in page


def test_a_link_is_added_renamed_and_taken_away(admin_client: Client, client: Client) -> None:
    assert "was changed successfully" in save(admin_client, (" Etsy ", "https://etsy.com/shop/x"), ("", ""))
    assert Brand.objects.get().social == [{"name": "Etsy", "url": "https://etsy.com/shop/x"}]
    assert current_brand().social == Brand.objects.get().social
    assert '<a href="https://etsy.com/shop/x" rel="me noopener">Etsy</a>' in client.get("/newsletter/").content.decode()
    save(admin_client, ("", ""), ("", ""))
    assert Brand.objects.get().social == []


def test_a_row_that_a_release_with_fewer_fields_cached_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as earlier_release:
        fields = Brand._meta.concrete_fields
        earlier_release.setattr(Brand._meta, "concrete_fields", fields[:-1])
        cached = Brand(name="From the cache")
        del cached.__dict__[fields[-1].attname]
        cache.set(cache_key(), cached)
        assert current_brand().name == "From the cache"
    assert current_brand().name == "ILYTAT Designs"


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (("X", "javascript:alert(1)"), "An address for X that begins with https://, please."),
        (("X", "http://x.example/"), "An address for X that begins with https://, please."),
        (("X", "https://"), "An address for X that begins with https://, please."),
        (("X", ""), "An address for X that begins with https://, please."),
        (("", "https://x.example/"), "A name of at most 40 letters for https://x.example/, please."),
        (("x" * 41, "https://x.example/"), "A name of at most 40 letters"),
    ],
)
def test_what_is_no_link_is_refused_and_stands_there_still(
    admin_client: Client, row: tuple[str, str], words: str
) -> None:
    page = save(admin_client, ("Etsy", "https://etsy.com/shop/x"), row)
    assert words in page
    assert 'value="https://etsy.com/shop/x"' in page
    assert [link["name"] for link in Brand.objects.get().social] == ["TikTok", "Facebook"]


@pytest.mark.parametrize("social", [{"a": 1}, ["x"], [{"name": 1, "url": "https://x.example/"}], [{}] * 13])
def test_no_other_shape_is_kept(social: object) -> None:
    with pytest.raises(ValidationError):
        Brand(social=social).full_clean()
