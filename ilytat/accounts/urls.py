from django.urls import path

from ilytat.accounts import views

urlpatterns = [path("", views.home, name="account_home")]
