from django.urls import path

from payments import views

urlpatterns = [
    path("cart/code/", views.cart_code, name="cart_code"),
    path("checkout/", views.checkout, name="checkout"),
    path("checkout/pay/<str:token>/", views.checkout_pay, name="checkout_pay"),
    path("checkout/again/<str:token>/", views.checkout_again, name="checkout_again"),
    path("checkout/success/", views.checkout_success, name="checkout_success"),
]
