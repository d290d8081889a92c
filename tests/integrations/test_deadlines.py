"""No exchange outlasts its end, and none is led elsewhere."""

import pytest
import requests
import responses

from ilytat.integrations import deadlines

HERE, ELSEWHERE = "https://api.stripe.com/v1/balance", "https://evil.example/"


@pytest.mark.parametrize("method", ["get", "post"])
@responses.activate
def test_a_redirect_is_an_answer_and_nothing_else(method: str) -> None:
    responses.add(method.upper(), HERE, status=302, headers={"Location": ELSEWHERE})
    responses.add("GET", ELSEWHERE, body="secret")

    answer = getattr(deadlines.session(5), method)(HERE, allow_redirects=True)

    assert (answer.status_code, len(responses.calls)) == (302, 1)


def test_the_nearer_of_two_ends_holds() -> None:
    with deadlines.within(1000):
        outer = deadlines._end.get()
        with deadlines.within(5):
            assert deadlines._end.get() < outer
        with deadlines.within(9000):
            assert deadlines._end.get() == outer
        assert deadlines._end.get() == outer
    assert deadlines._end.get() == float("inf")


@pytest.mark.parametrize("scheme", ["http://", "https://"])
def test_both_schemes_wait_on_connections_that_know_their_end(scheme: str) -> None:
    adapter = deadlines.session().get_adapter(f"{scheme}api.example")
    assert isinstance(adapter, requests.adapters.HTTPAdapter)
    pool = adapter.poolmanager.connection_from_url(f"{scheme}api.example")

    assert pool.ConnectionCls.response_class is deadlines._Response


@responses.activate
def test_after_the_end_nothing_is_sent() -> None:
    responses.add("POST", HERE, json={})
    with deadlines.within(0), pytest.raises(requests.ConnectTimeout):
        deadlines.session().post(HERE)
    assert len(responses.calls) == 0
    assert deadlines.seconds_left() == float("inf")
