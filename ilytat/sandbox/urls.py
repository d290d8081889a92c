from django.urls import include, path

from ilytat.sandbox import control, pages

# Each provider's package spells its paths whole: besides its API it has pages for people, at the root.
urlpatterns = [
    *control.urlpatterns,
    *pages.urlpatterns,
    path("", include("ilytat.sandbox.printify.urls")),
    path("", include("ilytat.sandbox.stripe.urls")),
    path("", include("ilytat.sandbox.sendgrid.urls")),
]
