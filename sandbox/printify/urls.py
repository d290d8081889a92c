"""Paths of the Printify stand-in: the API under /printify/, and for people pictures, tracking and products."""

from django.urls import path, re_path

from sandbox import control
from sandbox.printify import auth, blueprints, catalog, mockups, orders, panel, publishing, shapes, tracking, webhooks

SHOP = "printify/v1/shops/<int:shop_id>"
PRODUCT = f"{SHOP}/products/<str:product_id>"
ORDER = f"{SHOP}/orders/<str:order_id>"
V1, V2 = "printify/v1/catalog/blueprints", "printify/v2/catalog/blueprints"
BY_PROVIDER = "<int:blueprint_id>/print_providers/<int:provider_id>"

order_list = auth.by_method(GET=orders.listing, POST=orders.create)
webhook_list = auth.by_method(GET=webhooks.listing, POST=webhooks.create)
webhook = auth.by_method(PUT=webhooks.update, DELETE=webhooks.delete)

urlpatterns = [
    path("printify/v1/shops.json", auth.by_method(GET=catalog.shops)),
    path(f"{SHOP}/products.json", auth.by_method(GET=catalog.product_list)),
    path(f"{PRODUCT}/publish.json", auth.by_method(POST=publishing.publish)),
    path(f"{PRODUCT}/publishing_succeeded.json", auth.by_method(POST=publishing.succeeded)),
    path(f"{PRODUCT}/publishing_failed.json", auth.by_method(POST=publishing.failed)),
    path(f"{PRODUCT}/unpublish.json", auth.by_method(POST=publishing.unpublish)),
    path(f"{PRODUCT}/gpsr.json", auth.by_method(GET=catalog.safety)),
    path(f"{PRODUCT}.json", auth.by_method(GET=catalog.product)),
    path(f"{SHOP}/orders.json", order_list),
    path(f"{SHOP}/orders/shipping.json", auth.by_method(POST=orders.shipping)),
    path(f"{ORDER}/send_to_production.json", auth.by_method(POST=orders.send_to_production)),
    path(f"{ORDER}/cancel.json", auth.by_method(POST=orders.cancel)),
    path(f"{ORDER}.json", auth.by_method(GET=orders.detail)),
    path(f"{SHOP}/webhooks.json", webhook_list),
    path(f"{SHOP}/webhooks/<str:webhook_id>/simulate", auth.by_method(POST=webhooks.simulate)),
    path(f"{SHOP}/webhooks/<str:webhook_id>.json", webhook),
    path(f"{V1}.json", auth.by_method(GET=blueprints.blueprints)),
    path(f"{V1}/<int:blueprint_id>.json", auth.by_method(GET=blueprints.blueprint)),
    path(f"{V1}/<int:blueprint_id>/size_guide.json", auth.by_method(GET=blueprints.sizes)),
    path(f"{V1}/<int:blueprint_id>/print_providers.json", auth.by_method(GET=blueprints.providers)),
    path(f"{V1}/{BY_PROVIDER}/shipping.json", auth.by_method(GET=blueprints.shipping)),
    path(f"{V2}/{BY_PROVIDER}/shipping.json", auth.by_method(GET=blueprints.shipping_methods)),
    path(f"{V2}/{BY_PROVIDER}/shipping/<slug:name>.json", auth.by_method(GET=blueprints.shipping_method)),
    re_path(r"^printify/", auth.unknown),
    path("mockups/<str:product_id>/<int:variant_id>/<str:camera>/<str:slug>.jpg", mockups.view),
    path("track/<str:number>/", tracking.page),
    *panel.urlpatterns,
]

control.register(panel.SECTION)
__all__ = ["shapes", "urlpatterns"]  # the first for its faults
