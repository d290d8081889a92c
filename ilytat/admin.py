"""The staff's site: Django's admin under the shop's name, signed in to through allauth."""

from allauth.account.decorators import secure_admin_login
from django.contrib.admin import AdminSite


class ShopAdminSite(AdminSite):
    site_header = "ILYTAT Designs"
    site_title = "ILYTAT staff"
    index_title = "Control panel"
    login = secure_admin_login(AdminSite.login)
