"""Products, publishing and the catalogue's shipping facts, as the shop's sync meets them."""

from tests.sandbox.conftest import Listener
from tests.sandbox.process import SHOP_ID, Sandbox


def test_the_product_list_is_clamped_and_its_links_lead_nowhere(sandbox: Sandbox) -> None:
    page = sandbox.api("GET", "products.json", params={"limit": 500, "title": "no such"}).json()
    second = sandbox.api("GET", "products.json", params={"limit": 20, "page": 2}).json()
    beyond = sandbox.api("GET", "products.json", params={"limit": 20, "page": 9}).json()

    assert page["per_page"] == 50
    assert page["total"] == len(page["data"]) >= 30
    assert (second["from"], second["data"][0]["id"]) == (21, page["data"][20]["id"])
    assert [link["label"] for link in second["links"]] == ["&laquo; Previous", "1", "2", "Next &raquo;"]
    assert (beyond["data"], beyond["from"], beyond["to"]) == ([], None, None)


def test_one_absence_has_four_answers(sandbox: Sandbox) -> None:
    foreign, deleted = (product["id"] for product in sandbox.products()[:2])
    sandbox.control(f"printify/products/{foreign}", {"shop_id": 77})
    sandbox.control(f"printify/products/{deleted}", {"is_deleted": True})

    def ask(path: str) -> tuple[int, object]:
        answer = sandbox.api("GET", path)
        body = answer.json()
        return answer.status_code, body.get("code") or sorted(body)

    assert ask("products/not-an-id.json") == (422, ["error"])
    assert ask(f"products/{'0' * 24}.json") == (404, ["error", "request_id"])
    assert ask(f"products/{deleted}.json") == (404, ["error", "request_id"])
    assert ask(f"products/{foreign}.json") == (400, 8104)
    assert ask("v1/shops/77/products.json") == (401, [])
    assert sandbox.api("GET", "products.json").json()["total"] == len(sandbox.products())
    assert {foreign, deleted}.isdisjoint(product["id"] for product in sandbox.products())


def test_a_published_product_stays_locked_until_the_shop_answers(sandbox: Sandbox, listener: Listener) -> None:
    product_id = sandbox.products()[0]["id"]
    hook = {"topic": "product:publish:started", "url": listener.url}
    sandbox.api("POST", "webhooks.json", json=hook)
    wanted = dict.fromkeys(("title", "description", "images", "variants", "tags"), True)

    assert sandbox.api("POST", f"products/{product_id}/publish.json", json={"title": True}).status_code == 400
    assert sandbox.api("POST", f"products/{product_id}/publish.json", json=wanted).json() == {}
    locked = sandbox.api("GET", f"products/{product_id}.json").json()
    listener.wait(lambda: len(listener.received) == 1)
    answer = {"external": {"id": "17", "handle": "https://shop.test/products/17"}}
    assert sandbox.api("POST", f"products/{product_id}/publishing_succeeded.json", json=answer).json() == {}

    freed = sandbox.api("GET", f"products/{product_id}.json").json()
    assert (locked["is_locked"], freed["is_locked"], freed["external"]) == (True, False, answer["external"])
    sandbox.api("POST", f"products/{product_id}/unpublish.json")
    assert "external" not in sandbox.api("GET", f"products/{product_id}.json").json()


def test_publishing_in_a_shop_without_a_channel_is_refused(sandbox: Sandbox) -> None:
    product_id = sandbox.products()[0]["id"]
    sandbox.control("printify/shop/disconnect")
    wanted = dict.fromkeys(("title", "description", "images", "variants", "tags"), True)

    assert sandbox.api("POST", f"products/{product_id}/publish.json", json=wanted).json()["code"] == 8254
    assert sandbox.api("GET", "v1/shops.json").json()[0] == {
        "id": SHOP_ID,
        "title": "Sandbox shop",
        "sales_channel": "disconnected",
    }


def test_a_merchants_edit_merges_variants_by_id(sandbox: Sandbox) -> None:
    before = sandbox.products()[3]
    variant = before["variants"][0]

    sandbox.control(f"printify/products/{before['id']}", {"variants": [{"id": variant["id"], "price": 4321}]})

    after = sandbox.api("GET", f"products/{before['id']}.json").json()
    assert after["variants"] == [{**variant, "price": 4321}, *before["variants"][1:]]
    assert after["updated_at"] > before["updated_at"]


def test_the_merchants_pages_change_what_the_api_says(sandbox: Sandbox) -> None:
    product = sandbox.products()[3]
    variant = next(each for each in product["variants"] if each["is_enabled"] and each["is_available"])
    base = f"{sandbox.url}/control/printify/products/{product['id']}"
    browser = {"Accept": "text/html"}

    for action, form in (
        ("price", {"price": "31.50"}),
        ("availability", {"variant": variant["id"]}),
        ("visible", {}),
    ):
        answer = sandbox.session.post(f"{base}/{action}", data=form, headers=browser, allow_redirects=False)
        assert (answer.status_code, answer.headers["Location"]) == (303, f"/catalogue/{product['id']}/")

    after = sandbox.api("GET", f"products/{product['id']}.json").json()
    assert {each["price"] for each in after["variants"] if each["is_enabled"]} == {3150}
    assert [each["is_available"] for each in after["variants"] if each["id"] == variant["id"]] == [False]
    assert after["visible"] is not product["visible"]
    assert product["title"].split(":")[0] in sandbox.session.get(f"{sandbox.url}/catalogue/").text


def test_every_default_picture_is_drawn_and_kept(sandbox: Sandbox) -> None:
    source = sandbox.products()[0]["images"][0]["src"]

    first, second = (sandbox.session.get(source, timeout=30) for _ in range(2))

    assert source.startswith(f"{sandbox.url}/mockups/")
    assert first.headers["Content-Type"] in {"image/jpeg", "image/png"}
    assert first.content == second.content
    assert sandbox.session.get(f"{sandbox.url}/mockups/{'0' * 24}/1/front/x.jpg", timeout=30).status_code == 404


def test_shipping_facts_of_a_blueprint(sandbox: Sandbox) -> None:
    path = "catalog/blueprints/6/print_providers/29/shipping"
    first, methods = sandbox.api("GET", f"v1/{path}.json").json(), sandbox.api("GET", f"v2/{path}.json").json()

    assert {country for profile in first["profiles"] for country in profile["countries"]} == {
        "US",
        "CA",
        "REST_OF_THE_WORLD",
    }
    assert methods["links"]["economy"].endswith(f"/printify/v2/{path}/economy.json")
    costs = sandbox.api("GET", f"v2/{path}/standard.json").json()["data"][0]["attributes"]
    assert costs["handlingTime"]["to"] == first["handling_time"]["value"]
    assert costs["shippingCost"]["firstItem"]["amount"] == first["profiles"][0]["first_item"]["cost"]
    assert sandbox.api("GET", "v1/catalog/blueprints/6/print_providers/1/shipping.json").status_code == 404
