"""The code by which a failure is stored follows from what failed, whatever its message says."""

import pytest
from django.db import DataError

from catalog.printify.errors import FailureCode, code_of
from ilytat.integrations.errors import NotConfigured, OutcomeUnknown, RateLimited, Refused, Unavailable

MISLEADING = "title is missing: no usable price, more than once, 429, 401, 503, token, deep"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (RateLimited(MISLEADING, status=429), FailureCode.RATE_LIMITED),
        (RateLimited(MISLEADING), FailureCode.RATE_LIMITED),
        (Refused(MISLEADING, status=401), FailureCode.ACCESS_DENIED),
        (Refused(MISLEADING, status=403), FailureCode.ACCESS_DENIED),
        (NotConfigured(MISLEADING), FailureCode.ACCESS_DENIED),
        (Unavailable(MISLEADING, status=503), FailureCode.NO_ANSWER),
        (Unavailable(MISLEADING), FailureCode.NO_ANSWER),
        (OutcomeUnknown(MISLEADING), FailureCode.NO_ANSWER),
        (DataError(MISLEADING), FailureCode.UNREADABLE),
        (OverflowError(MISLEADING), FailureCode.UNREADABLE),
        (Refused(MISLEADING, status=400), FailureCode.UNEXPECTED),
        (KeyError(MISLEADING), FailureCode.UNEXPECTED),
    ],
)
def test_the_type_and_the_status_of_an_error_decide_not_its_message(error: Exception, code: FailureCode) -> None:
    assert code_of(error) == code
