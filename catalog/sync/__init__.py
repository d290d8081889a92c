"""Reading the catalogue from Printify: walking its pages, comparing, staff's policies, writing what changed."""
