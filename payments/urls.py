from django.urls import path

from payments import cart_code_views, pay_views, views

urlpatterns = [
    path("cart/code/", cart_code_views.cart_code, name="cart_code"),
    path("checkout/", views.checkout, name="checkout"),
    path("checkout/pay/<str:token>/", pay_views.checkout_pay, name="checkout_pay"),
    path("checkout/again/<str:token>/", pay_views.checkout_again, name="checkout_again"),
    path("checkout/success/", views.checkout_success, name="checkout_success"),
]
