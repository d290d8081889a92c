"""Addresses: what a printer needs, checked where the buyer can still correct it.

Printify accepts nearly anything and complains later (contract, section 8), so the checks stand here.
"""

import re
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext_lazy as _

US_STATES = [
    "AL",
    "AK",
    "AZ",
    "AR",
    "CA",
    "CO",
    "CT",
    "DE",
    "DC",
    "FL",
    "GA",
    "HI",
    "ID",
    "IL",
    "IN",
    "IA",
    "KS",
    "KY",
    "LA",
    "ME",
    "MD",
    "MA",
    "MI",
    "MN",
    "MS",
    "MO",
    "MT",
    "NE",
    "NV",
    "NH",
    "NJ",
    "NM",
    "NY",
    "NC",
    "ND",
    "OH",
    "OK",
    "OR",
    "PA",
    "RI",
    "SC",
    "SD",
    "TN",
    "TX",
    "UT",
    "VT",
    "VA",
    "WA",
    "WV",
    "WI",
    "WY",
    "AS",
    "GU",
    "MP",
    "PR",
    "VI",
    "AA",
    "AE",
    "AP",
]
CA_PROVINCES = ["AB", "BC", "MB", "NB", "NL", "NS", "NT", "NU", "ON", "PE", "QC", "SK", "YT"]
REGIONS: dict[str, list[str]] = {"US": US_STATES, "CA": CA_PROVINCES}
ZIP_SHAPES = {
    "US": re.compile(r"\d{5}(-\d{4})?", re.ASCII),
    "CA": re.compile(r"[ABCEGHJ-NPRSTVXY]\d[A-Z] \d[A-Z]\d", re.ASCII),
}
# The first digit of a ZIP, or the first letter of a postal code, names its region well enough to ask back.
ZIP_REGIONS = {
    "US": {
        "0": "CT MA ME NH NJ PR RI VT VI AE",
        "1": "DE NY PA",
        "2": "DC MD NC SC VA WV",
        "3": "AL FL GA MS TN AA",
        "4": "IN KY MI OH",
        "5": "IA MN MT ND SD WI",
        "6": "IL KS MO NE",
        "7": "AR LA OK TX",
        "8": "AZ CO ID NM NV UT WY",
        "9": "AK CA HI OR WA AS GU MP AP",
    },
    "CA": {
        "A": "NL", "B": "NS", "C": "PE", "E": "NB", "G": "QC", "H": "QC", "J": "QC", "K": "ON", "L": "ON", "M": "ON",
        "N": "ON", "P": "ON", "R": "MB", "S": "SK", "T": "AB", "V": "BC", "X": "NT NU", "Y": "YT",
    },
}  # fmt: skip


@dataclass(frozen=True)
class Address:
    name: str
    address1: str
    address2: str
    city: str
    region: str
    zip: str
    country: str
    phone: str = ""

    def as_columns(self) -> dict[str, str]:
        return {name: str(value) for name, value in vars(self).items()}


def tidy(address: Address) -> Address:
    """Spaces and capitals as the post writes them; no word is changed."""
    trimmed = Address(**{name: re.sub(r"\s+", " ", value).strip() for name, value in vars(address).items()})
    code = trimmed.zip.upper()
    if trimmed.country == "CA":
        squeezed = code.replace(" ", "").replace("-", "")
        code = f"{squeezed[:3]} {squeezed[3:]}" if len(squeezed) == len("K1A0B1") else code
    return replace(trimmed, zip=code, region=trimmed.region.upper())


def problems(address: Address) -> dict[str, Any]:
    """Field → what is wrong with it. An empty result means that a printer can work with the address."""
    found: dict[str, Any] = {}
    if len(address.name.split()) < 2:  # noqa: PLR2004 (Printify wants a first and a last name)
        found["name"] = _("Please give first and last name: the carrier asks for both.")
    regions = REGIONS.get(address.country)
    if regions and address.region not in regions:
        found["region"] = _("Please choose the state or province.")
    shape = ZIP_SHAPES.get(address.country)
    if shape and not shape.fullmatch(address.zip):
        found["zip"] = _("This does not look like a postal code of that country.")
    elif not address.zip:
        found["zip"] = _("Please give the postal code.")
    return found


def doubts(address: Address) -> list[str]:
    """Things that are probably, not certainly, wrong: the buyer is asked and may keep the address."""
    found = []
    regions = ZIP_REGIONS.get(address.country, {}).get(address.zip[:1])
    if regions and address.region and address.region not in regions.split():
        found.append(
            str(_("The postal code %(zip)s is not one of %(region)s."))
            % {"zip": address.zip, "region": region_name(address.country, address.region)}
        )
    if not re.search(r"\d", address.address1 + address.address2):
        found.append(str(_("The address has no house number.")))
    return found


def for_printify(address: Address, email: str) -> dict[str, str]:
    """`address_to` of Printify's order body. No phone unless the buyer gave one, never an empty last name."""
    first, _space, last = " ".join(address.name.split()).rpartition(" ")
    return {
        "first_name": first or last,
        "last_name": last,
        "email": email,
        "phone": address.phone,
        "country": address.country,
        "region": address.region,
        "address1": address.address1,
        "address2": address.address2,
        "city": address.city,
        "zip": address.zip,
    }


US = {
    "AL": "Alabama", "AK": "Alaska", "AZ": "Arizona", "AR": "Arkansas", "CA": "California", "CO": "Colorado",
    "CT": "Connecticut", "DE": "Delaware", "DC": "District of Columbia", "FL": "Florida", "GA": "Georgia",
    "HI": "Hawaii", "ID": "Idaho", "IL": "Illinois", "IN": "Indiana", "IA": "Iowa", "KS": "Kansas", "KY": "Kentucky",
    "LA": "Louisiana", "ME": "Maine", "MD": "Maryland", "MA": "Massachusetts", "MI": "Michigan", "MN": "Minnesota",
    "MS": "Mississippi", "MO": "Missouri", "MT": "Montana", "NE": "Nebraska", "NV": "Nevada", "NH": "New Hampshire",
    "NJ": "New Jersey", "NM": "New Mexico", "NY": "New York", "NC": "North Carolina", "ND": "North Dakota",
    "OH": "Ohio", "OK": "Oklahoma", "OR": "Oregon", "PA": "Pennsylvania", "RI": "Rhode Island",
    "SC": "South Carolina", "SD": "South Dakota", "TN": "Tennessee", "TX": "Texas", "UT": "Utah", "VT": "Vermont",
    "VA": "Virginia", "WA": "Washington", "WV": "West Virginia", "WI": "Wisconsin", "WY": "Wyoming",
    "AS": "American Samoa", "GU": "Guam", "MP": "Northern Mariana Islands", "PR": "Puerto Rico",
    "VI": "US Virgin Islands", "AA": "Armed Forces Americas", "AE": "Armed Forces Europe",
    "AP": "Armed Forces Pacific",
}  # fmt: skip
CA = {
    "AB": "Alberta", "BC": "British Columbia", "MB": "Manitoba", "NB": "New Brunswick",
    "NL": "Newfoundland and Labrador", "NS": "Nova Scotia", "NT": "Northwest Territories", "NU": "Nunavut",
    "ON": "Ontario", "PE": "Prince Edward Island", "QC": "Québec", "SK": "Saskatchewan", "YT": "Yukon",
}  # fmt: skip
REGION_NAMES = {"US": US, "CA": CA}
# Where the law lets a buyer withdraw from a contract made at a distance: the EU, the EEA, the United Kingdom.
WITHDRAWAL_COUNTRIES = {
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GR", "HR", "HU", "IE", "IS", "IT", "LI",
    "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
}  # fmt: skip


def region_name(country: str, code: str) -> str:
    return REGION_NAMES.get(country, {}).get(code, code)
