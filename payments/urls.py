from django.urls import path

from payments import cart_code, paying, views

urlpatterns = [
    path("cart/code/", cart_code.cart_code, name="cart_code"),
    path("checkout/", views.checkout, name="checkout"),
    path("checkout/pay/<str:token>/", paying.checkout_pay, name="checkout_pay"),
    path("checkout/again/<str:token>/", paying.checkout_again, name="checkout_again"),
    path("checkout/success/", views.checkout_success, name="checkout_success"),
]
