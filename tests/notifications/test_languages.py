"""Every mail in every language: nothing of it stays English but what people and brands are called."""

import re
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from ilytat.integrations import jobs
from ilytat.pages import message_catalogs
from notifications import rendering
from notifications.email_types import KINDS
from notifications.models import Brand, OutgoingEmail
from notifications.samples import sample
from tests.notifications.conftest import Queue

pytestmark = pytest.mark.django_db
OTHERS = [code for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
# Written the same in both languages.
SAME = {"Total", "total", "Code", "Subtotal"}
LINKS = {"leave_url": "https://a.example/", "choices_url": "https://b.example/"}


def data(value: Any) -> list[str]:
    """All that comes from the context, longest first."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return sorted((text for one in value for text in data(one)), key=len, reverse=True)
    return [line for line in str(value).splitlines() if line.strip()]


def english_left(kind: str, language: str) -> list[str]:
    """Lines that are the same as in English, although they say more than what the context and the brand hold."""
    context = sample(kind)
    brand = [value for value in vars(Brand()).values() if isinstance(value, str) and value]
    known = data([context, *brand, *LINKS.values(), settings.SITE_URL])
    ours, theirs = (rendering.render(kind, code, context, links=LINKS) for code in ("en", language))
    lines = {ours.subject, *ours.text.splitlines()} & {theirs.subject, *theirs.text.splitlines()}
    return [line for line in lines if _words(line, known) - SAME]


def _words(line: str, known: list[str]) -> set[str]:
    for piece in known:
        line = line.replace(piece, " ")
    return set(re.findall(r"[^\W\d_]{3,}", line))


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("kind", list(KINDS))
def test_no_sentence_of_a_mail_stays_english(kind: str, language: str) -> None:
    assert english_left(kind, language) == []
    html = rendering.render(kind, language, sample(kind)).html
    assert f'<html lang="{language}"' in html


@pytest.mark.parametrize(
    ("language", "until", "arrives"),
    [
        ("en", "Until Tue, Nov 3, 4:12 PM CST", "between Tue, Nov 10 and Mon, Nov 16"),
        (
            "es",
            "Hasta el martes 3 de noviembre, 16:12 CST",
            "entre el martes 10 de noviembre y el lunes 16 de noviembre",
        ),
        ("fr", "Jusqu’au mardi 3 novembre, 16:12 CST", "entre le mardi 10 novembre et le lundi 16 novembre"),
    ],
)
def test_days_and_hours_are_written_as_the_reader_writes_them(language: str, until: str, arrives: str) -> None:
    text = rendering.render("order_confirmed", language, sample("order_confirmed")).text.replace("\u202f", " ")
    assert until in text
    assert arrives in text


@pytest.mark.parametrize(("orders", "words"), [(1, "El pedido"), (2, "Los 2 pedidos")])
def test_one_and_many_are_told_apart(orders: int, words: str) -> None:
    text = rendering.render("welcome", "es", sample("welcome") | {"orders": orders}).text
    assert words in text


def test_the_mail_is_written_in_the_language_it_was_queued_in(queued: Queue) -> None:
    row = queued(language="fr")
    jobs.work_due("mail")
    assert OutgoingEmail.objects.get(pk=row.pk).subject == "La commande IL-10482 est confirmée"


@pytest.mark.parametrize(("language", "words"), [("es", "Boletín"), ("fr", "Infolettre")])
def test_the_footers_switch_turns_the_shop_to_another_language(client: Client, language: str, words: str) -> None:
    answer = client.post("/language/", {"language": language, "next": "/newsletter/"}, follow=True)
    assert words in answer.content.decode()
    assert re.search(r">English</button>.*>Español</button>.*>Français</button>", answer.content.decode(), re.DOTALL)
    assert f'<html lang="{language}"' in answer.content.decode()


@pytest.mark.parametrize("language", OTHERS)
def test_what_is_compiled_is_what_was_translated(language: str) -> None:
    """New sentences are the linter's to find; here only what would be said wrongly."""
    assert [line for line in message_catalogs.missing(message_catalogs.kept(language)) if "placeholders" in line] == []
    assert message_catalogs.po_file(language).with_suffix(".mo").read_bytes() == message_catalogs.compiled(language)
