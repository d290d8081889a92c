from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "ilytat.accounts"
    label = "accounts"
