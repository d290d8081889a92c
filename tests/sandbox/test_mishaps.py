"""Trouble in words: each button arms what it says, and pressing it twice is harmless."""

from tests.sandbox.process import Sandbox


def test_what_lasts_is_armed_once_however_often_it_is_pressed(sandbox: Sandbox) -> None:
    for _press in range(2):
        sandbox.control("mishaps/printify-down")

    assert [(fault["name"], fault["kind"], fault["times"]) for fault in sandbox.faults()] == [
        ("printify.*", "503", None)
    ]
    assert sandbox.api("GET", "products.json").status_code == 503


def test_what_happens_to_the_next_call_happens_once(sandbox: Sandbox) -> None:
    fault = sandbox.control("mishaps/order-answer-lost")

    assert (fault["kind"], fault["times"]) == ("accept_then_cut", 1)


def test_the_page_says_it_in_words_and_a_wrong_name_names_those_there_are(sandbox: Sandbox) -> None:
    sandbox.control("mishaps/mail-down")
    page = sandbox.session.get(sandbox.url, headers={"Accept": "text/html"}, timeout=60).text

    assert '<strong>Mail is down</strong> <span class="quiet">sendgrid.send · 503</span>' in page
    assert "Orders go on." in page
    wrong = sandbox.session.post(f"{sandbox.url}/control/mishaps/rain", timeout=60)
    assert wrong.status_code == 404
    assert "printify-down" in wrong.json()["error"]
