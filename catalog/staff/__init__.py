"""The catalogue's pages in the admin: control panel, runs, changes, products and size tables."""
