"""Names of carriers as people know them, from the codes that Printify sends."""

NAMES = {
    "asendia": "Asendia",
    "australia_post": "Australia Post",
    "canada_post": "Canada Post",
    "china_post": "China Post",
    "correos": "Correos",
    "deutsche_post": "Deutsche Post",
    "dhl": "DHL",
    "dhl_ecommerce": "DHL eCommerce",
    "dhl_express": "DHL Express",
    "dpd": "DPD",
    "evri": "Evri",
    "fedex": "FedEx",
    "gls": "GLS",
    "la_poste": "La Poste",
    "ontrac": "OnTrac",
    "osm": "OSM Worldwide",
    "passport": "Passport",
    "postnl": "PostNL",
    "purolator": "Purolator",
    "royal_mail": "Royal Mail",
    "ups": "UPS",
    "ups_mi": "UPS Mail Innovations",
    "usps": "USPS",
    "yunexpress": "YunExpress",
}


def carrier_name(code: str) -> str:
    """Return the carrier's name. An unknown code is shown as words: "acme_post" becomes "Acme Post"."""
    key = "_".join(code.lower().replace("-", " ").replace("_", " ").split())
    return NAMES.get(key) or key.replace("_", " ").title()
