from django.urls import include, path

from sandbox import control, pages

# Each provider's package spells its paths whole: besides its API it has pages for people, at the root.
urlpatterns = [
    *control.urlpatterns,
    *pages.urlpatterns,
    path("", include("sandbox.printify.urls")),
    path("", include("sandbox.stripe.urls")),
    path("", include("sandbox.sendgrid.urls")),
]
