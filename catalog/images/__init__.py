"""Our own copies of product pictures: fetching, encoding, showing and removing them."""
