"""A shopper in a real browser, from the first page to the delivered parcel, through the whole stack."""

import re
from collections.abc import Iterator
from functools import partial

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize, expect

from tests.accessibility import violations, violations_without_scripts
from tests.chaos.outcome import mails, upstream
from tests.stack import Stack

PHONE: ViewportSize = {"width": 390, "height": 844}
ADDRESS = {
    "email": "ana@example.com",
    "name": "Ana Ruiz",
    "address1": "233 S Wacker Dr",
    "city": "Chicago",
    "zip": "60606",
}
PATIENCE_MS = 60_000
SCRIPTED: set[BrowserContext] = set()
pytestmark = pytest.mark.needs("chromium")


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def phone(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = browser.new_context(viewport=PHONE, java_script_enabled=request.param, locale="en-US")
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    if request.param:
        SCRIPTED.add(context)
    said: list[str] = []
    page.on("console", lambda message: said.append(f"{message.text} {message.location}") if is_error(message) else None)
    page.on("pageerror", lambda error: said.append(f"{error} {page.url}"))
    yield page
    context.close()
    # A policy violation or a broken script is a finding on whatever page it happens.
    assert said == []


def is_error(message: ConsoleMessage) -> bool:
    return message.type == "error" and "/inbox/" not in str(message.location)


def looks_right(page: Page) -> None:
    found = violations(page) if page.context in SCRIPTED else violations_without_scripts(page)
    assert found == [], page.url
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wider <= 0, f"{page.url} is {wider} px wider than the phone"


def test_from_the_first_page_to_the_delivered_parcel(stack: Stack, phone: Page) -> None:
    choose(stack, phone)
    number = order_and_pay(stack, phone)
    follow(stack, phone, number)
    read_the_mails(stack, phone, number)


def choose(stack: Stack, page: Page) -> None:
    page.goto(stack.url)
    looks_right(page)
    page.get_by_role("link", name=re.compile("T-shirts")).first.click()
    looks_right(page)
    page.locator("main article a").first.click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    for axis in page.locator("[id^=axis-]:has(a.value)").all():
        free = axis.locator("a.value:not(.value--out)")
        free.nth(min(1, free.count() - 1)).click()
        page.wait_for_load_state("networkidle")
    looks_right(page)
    page.get_by_role("button", name="Add to cart").click()
    expect(page.get_by_role("status").filter(has_text="is in your cart")).to_be_visible()
    looks_right(page)


def order_and_pay(stack: Stack, page: Page) -> str:
    page.goto(f"{stack.url}/cart/")
    looks_right(page)
    page.get_by_role("link", name="Go to checkout").or_(page.get_by_role("button", name="Go to checkout")).click()
    for name, value in ADDRESS.items():
        page.locator(f"main [name={name}]").fill(value)
    page.locator("[name=region]").select_option("IL")
    looks_right(page)
    press_pay(page)
    if page.url.startswith(stack.url):  # the total changed with the address: look, and agree
        press_pay(page)
    page.wait_for_url(f"{stack.sandbox.url}/pay/**")
    page.get_by_role("button", name=re.compile("^Pay ")).click()
    page.wait_for_url(f"{stack.url}/checkout/success/**")
    looks_right(page)
    sessions = stack.sandbox.state()["sessions"]
    number = str(sessions[0]["client_reference_id"])
    expect(page.get_by_text(number).first).to_be_visible()
    return number


def press_pay(page: Page) -> None:
    with page.expect_navigation():  # a click alone does not wait for the answer: the same page, or Stripe's
        page.get_by_role("button", name=re.compile(r"^Pay \$")).first.click()


def follow(stack: Stack, page: Page, number: str) -> None:
    (token,) = stack.sql("SELECT token FROM orders_order")[0]
    page.goto(f"{stack.url}/orders/{token}/")
    looks_right(page)
    others = stack.get(f"/orders/{token}/").text  # the link alone, without the buyer's cookies
    assert number in others
    assert ADDRESS["email"] not in others
    assert ADDRESS["address1"] not in others
    stack.wait_for(lambda: any(row["productions"] for row in upstream(stack, number)), what="production")
    for button, state in (("ship", "shipped"), ("deliver", "delivered")):
        stack.sandbox.post(f"/control/printify/orders/{number}/{button}")
        stack.wait_for(partial(fulfilment_is, stack, state), what=state)
        page.reload()
        expect(page.get_by_text(state.capitalize()).first).to_be_visible()
        looks_right(page)


def fulfilment_is(stack: Stack, state: str) -> bool:
    return stack.sql("SELECT state FROM orders_fulfilment") == [(state,)]


def read_the_mails(stack: Stack, page: Page, number: str) -> None:
    stack.wait_for(lambda: len(mails(stack, number)) == 3, what="three mails")
    page.goto(f"{stack.sandbox.url}/inbox/")
    for words in ("is confirmed", "has shipped", "has arrived"):
        page.get_by_role("link", name=re.compile(f"{number}.*{words}")).click()
        expect(page.get_by_text(number).first).to_be_visible()
        page.go_back()
