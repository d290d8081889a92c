from django.urls import path

from payments import paying, views

urlpatterns = [
    path("checkout/", views.checkout, name="checkout"),
    path("checkout/pay/<str:token>/", paying.checkout_pay, name="checkout_pay"),
    path("checkout/again/<str:token>/", paying.checkout_again, name="checkout_again"),
    path("checkout/success/", views.checkout_success, name="checkout_success"),
]
