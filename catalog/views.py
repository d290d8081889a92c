"""The storefront's pages."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def home(request: HttpRequest) -> HttpResponse:
    return render(request, "catalog/home.html")


def product_list(request: HttpRequest) -> HttpResponse:
    return HttpResponse("products")


def product_detail(request: HttpRequest, slug: str) -> HttpResponse:
    return HttpResponse(slug)


def category_detail(request: HttpRequest, slug: str) -> HttpResponse:
    return HttpResponse(slug)


def search(request: HttpRequest) -> HttpResponse:
    return HttpResponse("search")


def page(request: HttpRequest, slug: str) -> HttpResponse:
    return HttpResponse(slug)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return HttpResponse("not found", status=404)
