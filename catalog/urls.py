from django.contrib.sitemaps.views import sitemap
from django.urls import path
from django.views.i18n import set_language

from catalog import views
from catalog.images import urls
from catalog.storefront import seo

urlpatterns = [
    path("", views.home, name="home"),
    path("products/", views.product_list, name="products"),
    path("products/seen/", views.seen, name="seen"),
    path("products/<slug:slug>/", views.product_detail, name="product"),
    path("categories/<slug:slug>/", views.category_detail, name="category"),
    path("search/", views.search_page, name="search"),
    path("search/suggest/", views.suggest, name="suggest"),
    path("language/", set_language, name="set_language"),
    path("sitemap.xml", sitemap, {"sitemaps": seo.SITEMAPS}, name="sitemap"),
    path("speculation.json", seo.speculation, name="speculation"),
    path("products/<slug:slug>/look/", views.look, name="look"),
    path("products/<slug:slug>/picture.jpg", urls.picture_jpeg, name="social_picture"),
    path("robots.txt", seo.robots, name="robots"),
    path("feeds/google.xml", seo.google_feed, name="google_feed"),
]
