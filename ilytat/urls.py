"""Every address of the shop. The customer's JSON routes keep their exact paths under /api/."""

from django.contrib import admin
from django.urls import include, path

from ilytat import views
from ilytat.api import api
from orders.webhooks import printify_webhook
from payments.webhooks import stripe_webhook

handler404 = "catalog.views.not_found"
handler500 = "ilytat.views.error"

urlpatterns = [
    path("", include("ilytat.pages.urls")),
    path("", include("catalog.urls")),
    path("", include("orders.urls")),
    path("", include("payments.urls")),
    path("", include("notifications.urls")),
    path("accounts/", include("ilytat.accounts.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("api/webhooks/stripe", stripe_webhook, name="stripe_webhook"),
    path("api/webhooks/printify", printify_webhook, name="printify_webhook"),
    path("api/", api.urls),
    path("media/<path:path>", views.media, name="media"),
    path("healthz", views.healthz, name="healthz"),
    path("healthz/deep", views.healthz_deep, name="healthz_deep"),
]
