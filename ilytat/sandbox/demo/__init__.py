"""The demo shop's goods: drawn by us, described by us, shaped like Printify's answers.

`catalogue.products()` lists them, `mockups.render()` draws their pictures. Nothing here knows the shop.
"""
