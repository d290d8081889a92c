"""JSON in the admin: folded away behind its size, without a script."""

import json
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

SHOWN_MAX = 400_000


def collapsed(data: Any) -> SafeString:
    written = json.dumps(data, indent=1, ensure_ascii=False, sort_keys=True)
    size = f"{max(len(written) // 1000, 1)} kB"
    return format_html("<details><summary>Show ({})</summary><pre>{}</pre></details>", size, written[:SHOWN_MAX])
