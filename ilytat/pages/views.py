"""One view for all pages: the owner's text in the reader's language, else the built-in one."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from ilytat.pages import texts
from ilytat.pages.revalidation import revalidated


@require_safe
@revalidated
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """`slug`; `text` (PageText) for a page the owner wrote."""
    if slug not in texts.SLUGS:
        raise Http404
    language = get_language() or "en"
    own = texts.written(slug, language)
    if own:
        return render(request, "pages/written.html", {"slug": slug, "text": own})
    return HttpResponse(texts.built_in(slug, language).render({"slug": slug}, request))
