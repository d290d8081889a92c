"""Where tests send things: the house in Chicago, as an address, as a buyer's, and as the checkout's form."""

ADDRESS = {
    "name": "Ana Ruiz",
    "address1": "233 S Wacker Dr",
    "city": "Chicago",
    "region": "IL",
    "zip": "60606",
    "country": "US",
}
BUYER = {"email": "ana@example.com", **ADDRESS}
FORM = {**BUYER, "method": "standard"}
