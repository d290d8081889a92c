"""What buyers claim and staff answer: taken in once, answered once, photos drawn anew and shown to staff alone."""

import uuid
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image
from pytest_django.fixtures import Settings

from ilytat.admin import ATTENTION_SOURCES
from ilytat.integrations.models import Alert
from notifications.models import OutgoingEmail
from orders import claims, photos, refunding, tracking
from orders.models import Claim, ClaimPhoto, Fulfilment, Order
from orders.models.claim import ClaimKind
from payments.models import Dispute, Payment, Refund
from tests import factories
from tests.orders.conftest import OTHER_ID, Upstream, changed, look, paid, printing
from tests.pages import source, text
from tests.racing import overtake, race

pytestmark = pytest.mark.django_db


def picture(kind: str = "JPEG", size: tuple[int, int] = (40, 30), **how: Any) -> SimpleUploadedFile:
    out = BytesIO()
    Image.new("RGB", size, "#c36c40").save(out, kind, **how)
    return SimpleUploadedFile(f"photo.{kind.lower()}", out.getvalue())


def proven(client: Client, order: Order) -> Client:
    client.post(f"{order.get_absolute_url()}prove/", {"email": order.email})
    return client


def claimed(**given: Any) -> Claim:
    job = printing()
    values: dict[str, Any] = {
        "key": uuid.uuid4(),
        "kind": ClaimKind.DAMAGED,
        "lines": job.order.lines.all(),
        "words": "Torn.",
        "photos": [],
    }
    return claims.receive(job.order, **values | given)


def charged(order: Order, **given: Any) -> Payment:
    values = {"payment_intent_id": f"pi_{order.pk}", "captured": order.total, "currency": "USD"}
    return Payment.objects.create(order=order, **values | given)


def kinds() -> list[str]:
    return list(OutgoingEmail.objects.order_by("pk").values_list("kind", flat=True))


def form(order: Order, **given: Any) -> dict[str, Any]:
    lines = [line.pk for line in order.lines.all()]
    return {"kind": "damaged", "lines": lines, "words": "A hole.", "key": str(uuid.uuid4())} | given


# --- Taking in ----------------------------------------------------------------------------------------


def test_a_claim_is_taken_in_with_its_photos_once(client: Client) -> None:
    order = printing().order
    proven(client, order)
    where = f"{order.get_absolute_url()}problem/"
    assert "What is wrong?" in text(client.get(where))
    sent = form(order)
    for _press in range(2):
        answer = client.post(where, sent | {"photos": [picture(), picture("PNG")]}, follow=True)
        assert "We answer within two working days" in text(answer)
    claim = Claim.objects.get()
    assert (claim.state, claim.words, claim.photos.count(), claim.lines.count()) == ("open", "A hole.", 2, 1)
    assert kinds() == ["order_confirmed", "claim_received"]
    assert Alert.objects.get().key == f"claim:{claim.pk}"
    assert "we have it and answer soon" in text(client.get(order.get_absolute_url()))


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ([], "Please add a photo"),
        ([SimpleUploadedFile("x.jpg", b"<svg onload=alert(1)>")], "no photo that we can read"),
        ([SimpleUploadedFile("x.jpg", b"\xff\xd8\xff\xe0" + b"0" * 500)], "no photo that we can read"),
        ([picture() for _ in range(6)], "Up to 5 photos"),
    ],
    ids=["none", "no image", "broken", "too many"],
)
def test_what_is_no_photo_is_told(client: Client, files: list[SimpleUploadedFile], said: str) -> None:
    order = printing().order
    proven(client, order)
    for file in files:
        file.seek(0)
    answer = client.post(f"{order.get_absolute_url()}problem/", form(order) | {"photos": files})
    assert answer.status_code == 422
    assert said in text(answer)
    assert not Claim.objects.exists()


def test_photos_lose_size_and_secrets_and_too_large_ones_are_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    exif = Image.Exif()
    exif[0x010E] = "at home, 51.5 N"
    drawn = photos.redrawn(picture(size=(2400, 1200), exif=exif))
    assert (drawn.width, drawn.height) == (1600, 800)
    assert b"at home" not in drawn.data
    assert not Image.open(BytesIO(drawn.data)).getexif()
    monkeypatch.setattr(photos, "PIXELS_MAX", 100)
    monkeypatch.setattr(photos, "JPEG_PIXELS_MAX", 100)
    with pytest.raises(photos.BadPhoto, match="pixels"):
        photos.redrawn(picture())
    monkeypatch.setattr(photos, "MAX_BYTES", 100)
    with pytest.raises(photos.BadPhoto, match="10 MB"):
        photos.redrawn(picture())


def test_only_staff_see_a_photo(client: Client, admin_client: Client) -> None:
    claim = claimed(photos=[photos.redrawn(picture())])
    where = f"/admin/orders/claim/photos/{claim.photos.get().pk}/"
    assert client.get(where).status_code == 302
    customer = get_user_model().objects.create_user(email="bob@example.com", password="x")
    client.force_login(customer)
    assert client.get(where).status_code == 302
    answer = admin_client.get(where)
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/webp")
    assert "no-store" in answer["Cache-Control"]


def test_nothing_is_claimed_before_printing_nor_after_thirty_days(client: Client) -> None:
    waiting = paid().order
    assert not claims.claimable(waiting, Fulfilment.objects.get(order=waiting))
    job = changed(printing(), state="delivered")
    parcel = job.shipments.create(carrier="usps", number="1", delivered_at=timezone.now() - timedelta(days=29))
    assert claims.claimable(job.order, job)
    parcel.delivered_at = timezone.now() - timedelta(days=31)
    parcel.save()
    assert not claims.claimable(job.order, job)


# --- Answering -----------------------------------------------------------------------------------------


def test_a_reprint_is_an_order_of_its_own_that_costs_the_buyer_nothing(upstream: Upstream, settings: Settings) -> None:
    claim = claimed()
    assert claims.reprint(claim, who="eva", answer="We are sorry.")
    assert not claims.reprint(Claim.objects.get(), who="eva")
    parent, again = claim.order, Order.objects.get(reprint_of=claim.order)
    assert (again.number, again.total, again.state) == (f"{parent.number}R1", 0, "paid")
    assert again.live == parent.live, "a test order's reprint is a test order"
    job = Fulfilment.objects.get(order=again)
    assert job.external_id == job.request["external_id"] == again.number
    assert [line["quantity"] for line in job.request["line_items"]] == [1]
    upstream.creates(OTHER_ID)
    assert look(job).printify_order_id == OTHER_ID
    assert kinds() == ["order_confirmed", "claim_received", "claim_answered"]
    assert OutgoingEmail.objects.get(kind="claim_answered").context["decision"] == "reprint"
    assert Alert.objects.get(key=f"claim:{claim.pk}").closed_at


@pytest.mark.parametrize("state", ["shipped", "delivered", "ended"])
def test_after_a_reprint_the_order_page_leads_to_the_replacement_until_it_arrived(client: Client, state: str) -> None:
    claim = claimed()
    job = changed(Fulfilment.objects.get(order=claim.order), state=state)
    assert tracking.next_step(claim.order, job) == "The buyer reported a problem. Answer the claim."
    claims.reprint(claim, who="eva")
    assert claim.reprint is not None
    page = source(client.get(claim.order.get_absolute_url()))
    assert "sending you a free replacement" in page
    assert claim.reprint is not None
    assert f'href="{claim.reprint.get_absolute_url()}">Track your replacement' in page
    assert "It has arrived" not in page
    number = f"{claim.order.number}R1"
    assert tracking.next_step(claim.order, job) == f"The claim was answered with a free replacement: order {number}."
    changed(Fulfilment.objects.get(order=claim.reprint), state="delivered", printify_order_id=OTHER_ID)
    assert "free replacement" not in source(client.get(claim.order.get_absolute_url()))


def test_after_a_refund_the_order_page_says_what_was_refunded(client: Client) -> None:
    claim = claimed()
    charged(claim.order)
    job = changed(Fulfilment.objects.get(order=claim.order), state="delivered")
    claims.refund(claim, who="eva", amount=1250)
    page = source(client.get(claim.order.get_absolute_url()))
    assert "We refunded $12.50" in page
    assert "It has arrived" not in page
    assert tracking.next_step(claim.order, job) == "The claim was answered with a refund. Nothing is left to do."


def test_a_declined_claim_changes_nothing_of_the_order_page(client: Client) -> None:
    claim = claimed()
    changed(Fulfilment.objects.get(order=claim.order), state="delivered")
    claims.decline(claim, who="eva", answer="No.")
    assert "It has arrived" in source(client.get(claim.order.get_absolute_url()))


@pytest.mark.django_db(transaction=True)
def test_two_answers_at_once_print_once() -> None:
    claim = claimed()
    answers = race(3, lambda: claims.reprint(Claim.objects.select_related("order").get(), who="eva"))
    assert sorted(answers) == [False, False, True]
    assert Order.objects.filter(reprint_of=claim.order).count() == 1


def test_a_refund_gives_back_what_the_lines_cost_and_not_the_delivery() -> None:
    claim = claimed()
    charged(claim.order)
    assert claims.refund(claim, who="eva")
    assert not claims.refund(claim, who="eva")
    assert not claims.decline(claim, who="eva", answer="no")
    refund = Refund.objects.get()
    assert (refund.amount, claim.refund) == (2499, 2499)
    assert list(refund.lines.values_list("line", "quantity")) == [(claim.lines.get().pk, 1)]
    assert OutgoingEmail.objects.get(kind="claim_answered").context["amount"] == "$24.99"


def test_more_than_is_left_is_not_promised() -> None:
    claim = claimed()
    charged(claim.order, refund_reserved=2000)
    assert claims.refund(claim, who="eva", amount=99_999)
    assert (claim.refund, Refund.objects.get().amount) == (974, 974)
    assert OutgoingEmail.objects.get(kind="claim_answered").context["amount"] == "$9.74"


@pytest.mark.parametrize("why", ["never charged", "all gone", "disputed"])
def test_a_claim_is_not_called_refunded_when_nothing_goes_back(why: str) -> None:
    claim = claimed()
    if why != "never charged":
        payment = charged(claim.order, refund_reserved=claim.order.total if why == "all gone" else 0)
        if why == "disputed":
            Dispute.objects.create(payment=payment, stripe_dispute_id="du_1", status="needs_response", amount=1)
    with pytest.raises(refunding.NotRefundable):
        claims.refund(claim, who="eva", amount=100)
    claim = Claim.objects.get()
    assert (claim.state, claim.refund, claims.refundable(claim)) == ("open", 0, 0)
    assert not Refund.objects.exists()
    assert kinds() == ["order_confirmed", "claim_received"]
    source = ATTENTION_SOURCES["claims"]
    assert source.actions["refund"].run(claim.pk, "eva").startswith("Nothing was changed")


@pytest.mark.needs("postgresql")
@pytest.mark.django_db(transaction=True)
def test_two_claims_on_one_line_answered_at_once_pay_it_back_once() -> None:
    claim = claimed()
    factories.order_line(claim.order, factories.variant())
    charged(claim.order, captured=claim.order.total + 2499)
    twin = claims.receive(
        claim.order, key=uuid.uuid4(), kind=ClaimKind.WRONG, lines=claim.lines.all(), words="", photos=[]
    )
    has_waited, answer = overtake(lambda: claims.refund(claim, who="eva"), lambda: claims.refund(twin, who="bob"))
    assert has_waited
    assert isinstance(answer, refunding.TooMuch)
    assert Refund.objects.get().amount == 2499
    twin.refresh_from_db()
    assert (twin.state, twin.refund) == ("open", 0)


def test_a_line_refunded_with_a_typed_amount_is_not_refunded_again_by_another_claim() -> None:
    claim = claimed()
    factories.order_line(claim.order, factories.variant())
    charged(claim.order, captured=claim.order.total + 2499)
    lines = claim.lines.all()
    twin = claims.receive(claim.order, key=uuid.uuid4(), kind=ClaimKind.WRONG, lines=lines, words="", photos=[])
    assert claims.refund(claim, who="eva", amount=2000)
    assert [(row.line_id, row.quantity) for row in Refund.objects.get().lines.all()] == [(lines[0].pk, 1)]
    assert claims.refundable(twin) == 0
    with pytest.raises(refunding.TooMuch):
        claims.refund(twin, who="bob")


def test_a_refund_of_a_claim_is_told_in_the_currency_that_was_paid(admin_client: Client) -> None:
    claim = claimed()
    charged(claim.order, currency="JPY")
    where = f"/admin/orders/claim/{claim.pk}/"
    assert "up to ¥2,974" in admin_client.get(f"{where}change/").content.decode()
    answer = admin_client.post(f"{where}answer/", {"decision": "refund", "amount": "2000"}, follow=True)
    assert "¥2,000 is going back" in answer.content.decode()
    assert Refund.objects.get().amount == 2000
    assert OutgoingEmail.objects.get(kind="claim_answered").context["amount"] == "¥2,000"


def test_staff_answer_in_the_admin(admin_client: Client) -> None:
    claim = claimed(photos=[photos.redrawn(picture())])
    where = f"/admin/orders/claim/{claim.pk}/"
    page = admin_client.get(f"{where}change/").content.decode()
    assert f"/admin/orders/claim/photos/{ClaimPhoto.objects.get().pk}/" in page
    admin_client.post(f"{where}answer/", {"decision": "decline", "answer": ""})
    assert Claim.objects.get().state == "open", "a refusal needs its reason"
    admin_client.post(f"{where}answer/", {"decision": "decline", "answer": "It is the chosen color."})
    assert Claim.objects.get().state == "declined"
    assert OutgoingEmail.objects.get(kind="claim_answered").context["answer"] == "It is the chosen color."


def test_staff_refund_in_the_admin_and_read_what_goes_back(admin_client: Client) -> None:
    claim = claimed()
    where = f"/admin/orders/claim/{claim.pk}/"
    assert "Nothing can be given back" in admin_client.get(f"{where}change/").content.decode()
    answer = admin_client.post(f"{where}answer/", {"decision": "refund"}, follow=True)
    assert "Nothing was changed" in answer.content.decode()
    charged(claim.order, refund_reserved=2000)
    assert "up to $9.74" in admin_client.get(f"{where}change/").content.decode()
    for wrong in ("0", "-1", "1.234", "all", "9" * 11, "NaN"):
        answer = admin_client.post(f"{where}answer/", {"decision": "refund", "amount": wrong}, follow=True)
        assert "Write an amount like 12.50, or none." in answer.content.decode()
    answer = admin_client.post(f"{where}answer/", {"decision": "refund"}, follow=True)
    assert "$9.74 is going back" in answer.content.decode()


def test_staff_write_a_refund_as_people_write_money(admin_client: Client) -> None:
    claim = claimed()
    charged(claim.order)
    where = f"/admin/orders/claim/{claim.pk}/"
    answer = admin_client.post(f"{where}answer/", {"decision": "refund", "amount": "5.50"}, follow=True)
    assert "$5.50 is going back" in answer.content.decode()
    assert Claim.objects.get().refund == 550


def test_an_open_claim_waits_for_staff_with_what_it_costs() -> None:
    claim = claimed()
    charged(claim.order)
    source = ATTENTION_SOURCES["claims"]
    [row] = source.rows()
    assert (row.pk, row.actions) == (claim.pk, ("reprint", "refund"))
    assert "A refund is $24.99; a reprint about $11.00" in row.costs


# --- Withdrawal -----------------------------------------------------------------------------------------


@pytest.fixture
def _berlin(settings: Settings) -> None:
    settings.SHIP_TO_COUNTRIES = ["US", "DE"]


@pytest.mark.usefixtures("_berlin")
def test_where_the_law_says_so_a_line_is_withdrawn_from_in_two_clicks(client: Client) -> None:
    job = printing(country="DE", region="", zip="10115", city="Berlin")
    line = job.order.lines.get()
    where = f"{job.order.get_absolute_url()}withdraw/{line.pk}/"
    proven(client, job.order)
    assert where in client.get(job.order.get_absolute_url()).content.decode()
    assert "Withdraw from the contract?" in text(client.get(where))
    for _press in range(2):
        client.post(where)
    claim = Claim.objects.get()
    assert (claim.kind, list(claim.lines.all())) == ("withdrawal", [line])
    assert kinds() == ["order_confirmed", "withdrawal_receipt"]
    assert where not in client.get(job.order.get_absolute_url()).content.decode()


def test_no_withdrawal_where_no_law_gives_one() -> None:
    american, job = printing(number="USA23456"), printing("p2", country="DE")
    assert claims.withdrawable(american.order, american) == []
    assert len(claims.withdrawable(job.order, job)) == 1
    job.order.lines.update(personalised=True)
    assert claims.withdrawable(job.order, job) == []


def test_the_right_ends_fourteen_days_after_delivery() -> None:
    job = changed(printing(country="DE"), state="delivered")
    parcel = job.shipments.create(carrier="dhl", number="1", delivered_at=timezone.now() - timedelta(days=13))
    assert claims.withdrawable(job.order, job)
    parcel.delivered_at = timezone.now() - timedelta(days=15)
    parcel.save()
    assert claims.withdrawable(job.order, job) == []
