from allauth.account.views import signup
from django.db import transaction
from django.urls import path

from ilytat.accounts import views

urlpatterns = [
    # The account and its mail, or neither; and as many commits for an address that has one already.
    path("signup/", transaction.atomic(signup), name="account_signup"),
    path("", views.home, name="account_home"),
    path("details/", views.details, name="account_details"),
    path("mails/", views.mail_choices, name="account_mails"),
    path("join/<str:token>/", views.join, name="account_join"),
    path("addresses/", views.addresses, name="account_addresses"),
    path("addresses/new/", views.address, name="account_address_new"),
    path("addresses/<int:pk>/", views.address, name="account_address"),
    path("addresses/<int:pk>/remove/", views.address_remove, name="account_address_remove"),
    path("sessions/", views.Sessions.as_view(), name="usersessions_list"),
    path("sessions/<int:pk>/end/", views.end, name="session_end"),
    path("privacy/", views.mine, name="account_privacy"),
    path("privacy/ask/", views.ask, name="privacy_ask"),
    path("privacy/link/<str:token>/", views.by_link, name="privacy_link"),
]
