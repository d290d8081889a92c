"""What staff read about a failed call: a sentence, without a library's own text."""

import pytest
import requests

from ilytat.integrations import failure_texts


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (requests.ConnectTimeout("_Pool(host='x')"), "connection timed out"),
        (requests.ReadTimeout("_Pool(host='x')"), "no response in time"),
        (TimeoutError("slow"), "no response in time"),
        (requests.exceptions.ContentDecodingError("gzip"), "its response could not be read"),
        (requests.ConnectionError("_Pool(host='x')"), "connection failed"),
        (None, "connection failed"),
    ],
)
def test_no_answer_is_a_sentence_without_the_library_s_text(error: Exception | None, reason: str) -> None:
    assert failure_texts.no_answer("Printify", error) == f"Printify did not answer ({reason})."
