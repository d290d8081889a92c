"""What the shopper sees: the hosted page without a script, and the stand-in of Stripe.js on a strict page."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.sandbox import till
from tests.sandbox.conftest import Listener
from tests.sandbox.process import Sandbox

chromium = pytest.mark.needs("chromium")


def press(url: str, outcome: str, **fields: str) -> requests.Response:
    return requests.post(url, data={"outcome": outcome, **fields}, allow_redirects=False, timeout=30)


def hosted(sandbox: Sandbox, **changes: object) -> tuple[str, str]:
    session = till.client(sandbox).v1.checkout.sessions.create(till.params(**changes))
    return str(session.id), str(session.url)


def test_paying_leads_to_the_shop_after_its_webhook_was_answered(keyed: Sandbox, shop_endpoint: Listener) -> None:
    name, url = hosted(keyed)

    answer = press(url, "pay")

    assert answer.status_code == 303
    assert answer.headers["Location"] == f"{till.SHOP}/api/checkout/success?session_id={name}"
    assert "checkout.session.completed" in till.types(shop_endpoint.received, name)
    again = press(url, "pay")
    assert (again.status_code, again.headers["Location"]) == (303, answer.headers["Location"])
    assert len(keyed.state()["charges"]) == 1
    assert "all done" in requests.get(url, timeout=60).text


def test_the_shopper_waits_no_longer_than_patience(keyed: Sandbox) -> None:
    _, url = hosted(keyed)
    keyed.arm("webhooks.stripe", "late", times=None, seconds=60)

    # Ten seconds in a sandbox of normal speed, two in this one.
    assert 1.9 < press(url, "pay").elapsed.total_seconds() < 50
    keyed.session.delete(f"{keyed.url}/control/faults", timeout=60)


def test_declined_expired_and_terms_not_agreed_to(keyed: Sandbox) -> None:
    asked = {"consent_collection": {"terms_of_service": "required", "promotions": "auto"}, "customer_email": None}
    name, url = hosted(keyed, **asked)

    assert "agree to the terms" in press(url, "pay", email="bo@example.com").text
    assert "enter your e-mail" in press(url, "pay", terms="1").text
    declined = press(url, "decline", terms="1", email="bo@example.com")
    assert (declined.status_code, "card was declined" in declined.text) == (402, True)
    assert press(url, "challenge", terms="1", email="bo@example.com", promotions="1").status_code == 200
    assert press(url, "approve").status_code == 303
    done = till.client(keyed).v1.checkout.sessions.retrieve(name)
    assert done.customer_details is not None
    assert done.consent is not None
    assert (done.customer_details.email, done.consent.promotions) == ("bo@example.com", "opt_in")

    _, other = hosted(keyed)
    assert press(other, "expire").status_code == 410
    assert "timed out" in press(other, "pay").text


@chromium
def test_a_shopper_chooses_express_and_pays(keyed: Sandbox, browser_page: Page) -> None:
    name, url = hosted(
        keyed,
        shipping_options=[till.rate(), till.rate("Express", 1299)],
        shipping_address_collection={"allowed_countries": ["US", "CA"]},
    )
    browser_page.route(f"{till.SHOP}/**", lambda route: route.fulfill(body="thank you"))
    browser_page.goto(url)
    browser_page.get_by_label("Express").check()
    browser_page.get_by_label("Name").fill("Bo Berg")
    browser_page.get_by_role("button", name="Pay $", exact=False).click()
    browser_page.wait_for_url(f"{till.SHOP}/api/checkout/success?session_id={name}")

    done = till.client(keyed).v1.checkout.sessions.retrieve(name)
    assert done.amount_total == 4900 + 1299
    assert done.collected_information is not None
    assert done.collected_information.shipping_details is not None
    assert done.collected_information.shipping_details.name == "Bo Berg"


SCRIPT = """
(async () => {
  const say = (text) => { document.querySelector("#said").textContent = text; };
  const { secret } = document.body.dataset;
  const checkout = Stripe("pk_test_till").initCheckoutElementsSdk({ clientSecret: secret });
  checkout.createPaymentElement().mount("#payment");
  const button = document.querySelector("button");
  checkout.on("change", (session) => { button.disabled = !session.canConfirm; say(session.total.total.amount); });
  const loaded = await checkout.loadActions();
  if (loaded.type !== "success") { say(loaded.error.message); return; }
  button.addEventListener("click", async () => {
    const result = await loaded.actions.confirm();
    if (result.type === "error") say(`${result.error.code}: ${result.error.message}`);
  });
})();
"""


@contextmanager
def strict_page(sandbox: Sandbox, secret: str) -> Iterator[str]:
    """A shop's page that allows scripts and calls of itself and the sandbox, and no inline style."""
    page = (
        f'<!doctype html><body data-secret="{secret}"><div id="payment"></div><button disabled>Pay</button>'
        f'<output id="said"></output><script src="{sandbox.url}/stripe.js"></script><script src="/own.js"></script>'
    )
    policy = f"default-src 'none'; script-src 'self' {sandbox.url}; connect-src {sandbox.url}"

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/javascript" if self.path == "/own.js" else "text/html")
            self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write((SCRIPT if self.path == "/own.js" else page).encode())

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()
    thread.join()


@chromium
def test_elements_decline_then_pay_on_a_strict_page(keyed: Sandbox, browser_page: Page) -> None:
    session = till.client(keyed).v1.checkout.sessions.create(till.elements())
    complaints: list[str] = []
    browser_page.on("console", lambda message: complaints.append(message.text))
    browser_page.route(f"{till.SHOP}/**", lambda route: route.fulfill(body="thank you"))

    with strict_page(keyed, str(session.client_secret)) as url:
        browser_page.goto(url)
        expect(browser_page.locator("#said")).to_have_text("$53.99")
        browser_page.get_by_label("Pay with").select_option("decline")
        browser_page.get_by_role("button", name="Pay").click()
        expect(browser_page.locator("#said")).to_have_text("paymentFailed: Your card was declined.")
        browser_page.get_by_label("Pay with").select_option("pay")
        browser_page.get_by_role("button", name="Pay").click()
        browser_page.wait_for_url(f"{till.SHOP}/thanks?s={session.id}")

    assert [text for text in complaints if "Security Policy" in text] == []
    assert till.client(keyed).v1.checkout.sessions.retrieve(session.id).payment_status == "paid"


def test_elements_answers_only_to_its_secret(keyed: Sandbox) -> None:
    session = till.client(keyed).v1.checkout.sessions.create(till.elements())
    secret, ask = str(session.client_secret), f"{keyed.url}/elements/session"

    good = requests.post(ask, data={"client_secret": secret, "key": "pk_test_x"}, timeout=60)
    wrong = requests.post(ask, data={"client_secret": secret[:-1], "key": "pk_test_x"}, timeout=60)

    assert good.headers["Access-Control-Allow-Origin"] == "*"
    assert good.json()["session"]["total"]["total"] == {"amount": "$53.99", "minorUnitsAmount": 5399}
    assert wrong.json()["type"] == "error"
