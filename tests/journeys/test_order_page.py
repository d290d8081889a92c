"""The buyer's hold window in a browser, with the sandbox for Printify: another address, another size, cancel."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from catalog.models import Variant
from catalog.printify.client import printify
from catalog.sync import runner
from notifications.models import OutgoingEmail
from orders import lifecycle
from orders.models import EarlierDraft, Fulfilment, Order
from payments.models import Payment, Refund
from tests import factories
from tests.accessibility import violations
from tests.orders.conftest import look
from tests.stack import KEYS
from tests.stand_in import Sandbox

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.django_db(transaction=True)]


@pytest.fixture
def _printify(sandbox: Sandbox, settings: Settings) -> Iterator[None]:
    settings.PRINTIFY_API_BASE, settings.PRINTIFY_API_KEY = f"{sandbox.url}/printify", KEYS["PRINTIFY_API_KEY"]
    settings.PRINTIFY_PRINTS_FOR_REAL, settings.PRINTIFY_SHOP_ID = False, KEYS["PRINTIFY_SHOP_ID"]
    printify.cache_clear()
    yield
    printify.cache_clear()


def paid_order() -> Fulfilment:
    """Two sizes of one thing at one price are for sale; the first was bought, and its draft lies at Printify."""
    for upstream in printify().product_page(1)["data"]:
        runner.refresh_product(upstream["id"])
        for variant in Variant.objects.sellable().filter(product__printify_id=upstream["id"]):
            same = Variant.objects.sellable().filter(product=variant.product, price=variant.price)
            if same.count() > 1:
                return _drafted(variant)
    pytest.fail("the sandbox sells nothing in two sizes at one price")


def _drafted(variant: Variant) -> Fulfilment:
    costs = printify().shipping_costs(
        [{"product_id": variant.product.printify_id, "variant_id": variant.variant_id, "quantity": 1}],
        {"country": "US", "region": "IL", "zip": "60606"},
    )
    order = factories.order(variant, shipping=costs["standard"])
    assert lifecycle.mark_paid(order, who="test")
    Payment.objects.create(order=order, payment_intent_id="pi_browser", captured=order.total, currency="USD")
    return look(Fulfilment.objects.get(order=order))


def press(page: Page, name: str) -> None:
    with page.expect_navigation():
        page.get_by_role("button", name=name, exact=True).click()


def looks_right(page: Page) -> None:
    assert violations(page) == [], page.url
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wider <= 0, f"{page.url} is {wider} px wider than the phone"


@pytest.mark.usefixtures("_printify")
def test_until_printing_the_buyer_changes_and_cancels(
    live_server: LiveServer, browser_page: Page, sandbox: Sandbox
) -> None:
    page, job = browser_page, paid_order()
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(live_server.url + job.order.get_absolute_url())
    expect(page.locator("[data-countdown]")).to_have_text(re.compile(r"^(29|30):\d\d$"))
    looks_right(page)
    correct_the_address(page, job.order)
    swap(page)
    cancel(page, f"{live_server.url}{job.order.get_absolute_url()}cancel/")
    ends_well(job, sandbox)


def correct_the_address(page: Page, order: Order) -> None:
    with page.expect_navigation():
        page.get_by_role("link", name="Correct the address").click()
    looks_right(page)
    expect(page.get_by_role("heading", name="Confirm it's you")).to_be_visible()
    press(page, "Email me a code")
    looks_right(page)
    code = OutgoingEmail.objects.get(kind="order_code", reference=order.number).context["code"]
    page.locator("main [name=code]").fill(code)
    press(page, "Continue with the code")
    for name, value in {"address1": "1501 Central St", "city": "Evanston", "zip": "60201"}.items():
        page.locator(f"main [name={name}]").fill(value)
    looks_right(page)
    press(page, "Send it here")
    expect(page.get_by_text("Your order goes to the new address.")).to_be_visible()
    expect(page.get_by_text("1501 Central St")).to_be_visible()


def swap(page: Page) -> None:
    with page.expect_navigation():
        page.get_by_role("link", name="Another size or color").first.click()
    page.get_by_role("radio").first.check()
    looks_right(page)
    press(page, "Make this one")
    expect(page.get_by_text("We make")).to_be_visible()


def cancel(page: Page, where: str) -> None:
    page.goto(where)
    looks_right(page)
    press(page, "Cancel the order")
    expect(page.get_by_text("This order is canceled")).to_be_visible()
    page.goto(where)
    expect(page.get_by_text("This order is canceled already.")).to_be_visible()
    looks_right(page)


def ends_well(job: Fulfilment, sandbox: Sandbox) -> None:
    """Every draft is canceled at Printify, nothing was printed, and the money goes back once."""
    states = [look(job).state for _look in range(4)]
    assert states[-1] == "canceled"
    drafts: list[dict[str, Any]] = sandbox.state()["orders"]
    assert [(row["status"], row["productions"]) for row in drafts] == [("canceled", 0)] * len(drafts)
    assert drafts
    assert not EarlierDraft.objects.filter(gone_at__isnull=True).exists()
    assert [refund.amount for refund in Refund.objects.all()] == [job.order.total]
