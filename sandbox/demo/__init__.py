"""The demo shop's goods: drawn by us, described by us, shaped like Printify's answers.

`catalogue.products()` lists them, `mockups.render()` draws their pictures. Nothing here knows the shop.
The lettering in `designs/` is outlined (from fonts under the SIL Open Font License), so no font is needed to draw it.
"""
