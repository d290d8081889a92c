from pathlib import Path

import pytest
from django.conf import LazySettings
from django.contrib.staticfiles import storage
from django.core.management import call_command
from django.http import HttpResponse
from django.test import RequestFactory

from ilytat.middleware import TextGZipMiddleware
from ilytat.static_files import StaticFiles


def test_every_script_finds_the_scripts_it_imports(
    tmp_path: Path, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in production: collected, renamed by content, and nothing kept under its plain name."""
    settings.STATIC_ROOT = tmp_path
    monkeypatch.setattr(storage, "staticfiles_storage", StaticFiles(location=tmp_path))
    monkeypatch.setattr(
        "django.contrib.staticfiles.management.commands.collectstatic.staticfiles_storage", storage.staticfiles_storage
    )
    call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=["admin"])
    for script in (tmp_path / "js").glob("*.js"):
        for line in script.read_text().splitlines():
            if line.startswith("import "):
                imported = line.rpartition("./")[2].strip('";')
                assert (tmp_path / "js" / imported).is_file(), f"{script.name}: {line}"


@pytest.mark.parametrize(("content_type", "compressed"), [("image/webp", False), ("text/html; charset=utf-8", True)])
def test_pictures_are_sent_as_they_are_and_text_compressed(
    rf: RequestFactory, *, content_type: str, compressed: bool
) -> None:
    page = HttpResponse(bytes(1000), content_type=content_type)
    request = rf.get("/", headers={"accept-encoding": "gzip"})
    answer = TextGZipMiddleware(lambda _request: page).process_response(request, page)
    assert answer.has_header("Content-Encoding") is compressed
