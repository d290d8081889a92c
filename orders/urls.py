from django.urls import path

from orders import views

urlpatterns = [
    path("cart/", views.cart, name="cart"),
    path("cart/add/", views.cart_add, name="cart_add"),
    path("cart/update/", views.cart_update, name="cart_update"),
    path("orders/find/", views.order_find, name="order_find"),
    path("orders/<str:token>/", views.order, name="order"),
]
