"""What the shop's pages show of the catalogue, put together for their templates."""
