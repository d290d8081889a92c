"""What staff read about a call or a job that failed: sentences. A library's own text goes to the log only."""

import requests


def no_answer(provider: str, error: BaseException | None) -> str:
    """Return "Printify did not answer (connection timed out)." for the error of an HTTP or SMTP library."""
    return f"{provider} did not answer ({_reason(error)})."


def unexpected(error: BaseException) -> str:
    """Return the sentence for an error that nobody foresaw. The caller logs it with its traceback."""
    return f"An unexpected error occurred ({type(error).__name__}). The log has the details."


def _reason(error: BaseException | None) -> str:
    if isinstance(error, requests.ConnectTimeout):
        return "connection timed out"
    if isinstance(error, requests.Timeout | TimeoutError):
        return "no response in time"
    if isinstance(error, requests.exceptions.ContentDecodingError):
        return "its response could not be read"
    return "connection failed"
