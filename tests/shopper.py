"""A shopper without a browser: the shop's own forms, posted as a browser would."""

import re
from dataclasses import dataclass, field
from typing import Any

import requests

from tests.addresses import FORM
from tests.stack import Stack

PRODUCT = "SELECT p.id, p.slug, v.variant_id FROM catalog_variant v JOIN catalog_product p ON p.id = v.product_id"
FOR_SALE = "WHERE v.is_enabled AND v.is_available AND p.visible AND NOT p.hidden ORDER BY p.id, v.id"


@dataclass
class Shopper:
    stack: Stack
    session: requests.Session = field(default_factory=requests.Session)

    def buy(self, *, nth: int = 0, quantity: int = 1, email: str = FORM["email"]) -> str:
        """From the product page to paid at the sandbox. Returns the order's number."""
        session_id = self.to_stripe(nth=nth, quantity=quantity, email=email)
        self.pay(session_id)
        return self.number(session_id)

    def to_stripe(self, *, nth: int = 0, quantity: int = 1, email: str = FORM["email"]) -> str:
        """Up to Stripe's page. Returns the Checkout Session's id."""
        product, slug, variant = self.stack.sql(f"{PRODUCT} {FOR_SALE}")[nth]
        self.open(f"/products/{slug}/")
        self.post("/cart/add/", {"product": product, "variant": variant, "quantity": quantity})
        return self.agree(email=email)

    def agree(self, *, email: str = FORM["email"]) -> str:
        """Order what is in the cart; also once more, when the first press was not answered."""
        self.open("/checkout/")
        answer = self.post("/checkout/", FORM | {"email": email})
        assert answer.status_code == 303, f"{answer.status_code}: {words(answer.text)}"
        return answer.headers["Location"].rsplit("/", 1)[-1]

    def pay(self, session_id: str) -> None:
        self.stack.sandbox.post(f"/control/stripe/sessions/{session_id}/pay")

    def number(self, session_id: str) -> str:
        sessions = self.stack.sandbox.state()["sessions"]
        return str(next(row["client_reference_id"] for row in sessions if row["id"] == session_id))

    def open(self, path: str) -> requests.Response:
        answer = self.session.get(self.stack.url + path, timeout=30)
        assert answer.ok, f"{path}: {answer.status_code}"
        return answer

    def post(self, path: str, form: dict[str, Any]) -> requests.Response:
        token = {"csrfmiddlewaretoken": self.session.cookies.get("csrftoken", "")}
        return self.session.post(
            self.stack.url + path,
            data=form | token,
            headers={"Referer": self.stack.url},
            allow_redirects=False,
            timeout=30,
        )


def words(html: str) -> str:
    """A page's text, for messages of failing tests."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))[:1500]
