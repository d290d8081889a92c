"""How our own files are published."""

from whitenoise.storage import CompressedManifestStaticFilesStorage  # type: ignore[import-untyped]  # it has no types


class StaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # its base has no types
    """Hashed names everywhere, also where one script imports another: only the hashed files are kept."""

    support_js_module_import_aggregation = True
