"""Names and streets in other scripts: written in Latin letters before anybody pays, and confirmed by the buyer."""

import json

import pytest
from django.test import Client

from orders import access
from orders.forms import ON_THE_LABEL, CheckoutForm
from orders.latin import in_latin
from orders.models import Order
from tests import factories
from tests.addresses import ADDRESS, BUYER
from tests.orders.conftest import paid
from tests.pages import text
from tests.payments.conftest import pay

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("written", "spelled"),
    [
        ("Иван Петров", "Ivan Petrov"),
        ("ул. Ленина, 5 кв. 10", "Ul. Lenina, 5 Kv. 10"),
        ("Γιώργος Παπαδάκης", "Giorgos Papadakis"),
        ("王小明", "WangXiaoMing"),
        ("محمد علي", "Mhmd Ly"),
        ("שרה כהן", "Srh Khhn"),
        ("김 철수", "Gim CheolSu"),
        ("Ivan Петров 12б", "Ivan Petrov 12b"),  # noqa: RUF001 (another script)
        ("Ａｐｔ ٣٤", "Apt 34"),  # noqa: RUF001 (as above)
    ],
)
def test_other_scripts_are_written_in_latin_letters(written: str, spelled: str) -> None:
    assert in_latin(written) == spelled


@pytest.mark.parametrize(
    "written",
    [
        "José Ñuñez",
        "Łódź",
        "Anna Müller-Straße",
        "Đặng Thị Ngọc",
        "O’Brien",
        "Kapi\u02bbolani",
        "12½ Main St #5",
        "№ 5",
        "1ª planta",
        "",
    ],
)
def test_latin_letters_with_accents_and_signs_stay(written: str) -> None:
    assert in_latin(written) == written


def test_every_script_ends_in_latin_letters_or_signs() -> None:
    for code in range(0x0370, 0x2000):
        assert all(letter.isascii() or in_latin(letter) == letter for letter in in_latin(chr(code))), hex(code)


def test_accents_that_are_typed_apart_are_no_other_script() -> None:
    assert CheckoutForm(BUYER | {"name": "Jose\u0301 Diaz"}).is_valid()


@pytest.mark.parametrize("name", ON_THE_LABEL)
def test_each_part_of_a_label_is_offered_in_latin_letters(name: str) -> None:
    form = CheckoutForm(BUYER | {name: "Улица 5"})
    assert "We wrote it as “Ulitsa 5”" in str(form.errors[name])
    assert form[name].value() == "Ulitsa 5"


@pytest.mark.usefixtures("cart")
def test_a_buyer_confirms_the_latin_spelling_before_paying(client: Client) -> None:
    answer = pay(client, name="Иван Петров", address1="ул. Ленина, 5")

    assert answer.status_code == 422
    assert "Shipping labels can only show Latin letters. We wrote it as “Ivan Petrov”" in text(answer)
    assert 'value="Ul. Lenina, 5"' in answer.content.decode()
    assert 'value="ana@example.com"' in answer.content.decode(), "nothing else has to be typed again"
    assert not Order.objects.exists()

    assert pay(client, name="Ivan Petrov", address1="Ul. Lenina, 5").status_code == 303
    assert Order.objects.values_list("name", "address1").get() == ("Ivan Petrov", "Ul. Lenina, 5")


def test_a_corrected_address_is_offered_in_latin_letters_too(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "is_verified", lambda *_: True)
    job = paid(ready=False)
    answer = client.post(f"{job.order.get_absolute_url()}address/", ADDRESS | {"city": "Чикаго"})
    assert answer.status_code == 422
    assert "We wrote it as “Chikago”" in text(answer)
    assert Order.objects.get().city == ADDRESS["city"]


def test_the_json_route_names_the_latin_spelling(client: Client) -> None:
    variant = factories.variant()
    item = {"product_id": variant.product_id, "variant_id": variant.variant_id, "quantity": 1}
    address = ADDRESS | {"city": "Чикаго"}
    body = {"items": [item], "email": "ana@example.com", "address": address}
    answer = client.post("/api/checkout/create-session", json.dumps(body), content_type="application/json")
    assert answer.status_code == 422
    assert "We wrote it as “Chikago”" in answer.json()["error"]["fields"]["city"]
