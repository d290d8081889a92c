import pytest

from ilytat.pages.carriers import carrier_name


@pytest.mark.parametrize(
    ("code", "name"),
    [("usps", "USPS"), ("ups", "UPS"), ("FedEx", "FedEx"), ("dhl-express", "DHL Express"), ("acme_post", "Acme Post")],
)
def test_a_carrier_is_called_by_its_proper_name(code: str, name: str) -> None:
    assert carrier_name(code) == name
