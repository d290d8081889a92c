from django.urls import path

from orders import change_views, views

urlpatterns = [
    path("cart/", views.cart, name="cart"),
    path("cart/add/", views.cart_add, name="cart_add"),
    path("cart/update/", views.cart_update, name="cart_update"),
    path("cart/again/<str:token>/", views.cart_restore, name="cart_restore"),
    path("back-in-stock/<int:product_id>/", views.wait_for, name="stock_watch"),
    path("back-in-stock/yes/<str:token>/", views.confirm, name="stock_watch_confirm"),
    path("orders/find/", views.order_find, name="order_find"),
    path("orders/<str:token>/", views.order, name="order"),
    path("orders/<str:token>/prove/", change_views.prove, name="order_prove"),
    path("orders/<str:token>/verify/", change_views.verify, name="order_verify"),
    path("orders/<str:token>/cancel/", change_views.cancel, name="order_cancel"),
    path("orders/<str:token>/arrived/", change_views.arrived, name="order_arrived"),
    path("orders/<str:token>/address/", change_views.address, name="order_address"),
    path("orders/<str:token>/swap/<int:line_id>/", change_views.swap, name="order_swap"),
    path("orders/<str:token>/problem/", change_views.problem, name="order_problem"),
    path("orders/<str:token>/withdraw/<int:line_id>/", change_views.withdraw, name="order_withdraw"),
]
