from django.urls import path

from payments import views

urlpatterns = [
    path("checkout/", views.checkout, name="checkout"),
    path("checkout/pay/<str:token>/", views.checkout_pay, name="checkout_pay"),
    path("checkout/success/", views.checkout_success, name="checkout_success"),
]
