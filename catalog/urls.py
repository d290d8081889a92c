from django.contrib.sitemaps.views import sitemap
from django.urls import path
from django.views.i18n import set_language

from catalog import feed, sitemaps, views
from catalog.images import share_image
from catalog.storefront import speculation_rules

urlpatterns = [
    path("", views.home, name="home"),
    path("products/", views.product_list, name="products"),
    path("products/seen/", views.seen, name="seen"),
    path("products/<slug:slug>/", views.product_detail, name="product"),
    path("categories/<slug:slug>/", views.category_detail, name="category"),
    path("search/", views.search_page, name="search"),
    path("search/suggest/", views.suggest, name="suggest"),
    path("language/", set_language, name="set_language"),
    path("sitemap.xml", sitemap, {"sitemaps": sitemaps.SITEMAPS}, name="sitemap"),
    path("speculation.json", speculation_rules.speculation, name="speculation"),
    path("products/<slug:slug>/look/", views.look, name="look"),
    path("products/<slug:slug>/picture.jpg", share_image.picture_jpeg, name="social_picture"),
    path("robots.txt", sitemaps.robots, name="robots"),
    path("feeds/google.xml", feed.google_feed, name="google_feed"),
]
