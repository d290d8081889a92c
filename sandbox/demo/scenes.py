"""Which pictures exist of each kind of goods: Printify calls the point of view a camera."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Camera:
    """`drawing` names a file in `drawings/`, `side` the print it shows."""

    id: str
    label: str
    position: str
    drawing: str
    side: str = "front"
    every_colour: bool = True  # or only the first offered
    ground: str = ""  # what is printed on, where that is not the garment's colour
    view: str = ""  # a view box, for a closer look at the same drawing


def _once(camera_id: str, label: str, drawing: str, view: str = "") -> Camera:
    return Camera(camera_id, label, "other", drawing, every_colour=False, view=view)


_WHITE = "#fbfaf7"
CAMERAS: dict[str, tuple[Camera, ...]] = {
    "tee": (
        Camera("92570", "front", "front", "tee_front"),
        Camera("92571", "back", "back", "tee_back", side="back"),
        _once("92580", "lifestyle", "tee_hanger"),
        _once("92584", "close-up", "tee_front", "352 330 560 560"),
    ),
    "hoodie": (
        Camera("97992", "front", "front", "hoodie_front"),
        Camera("97993", "back", "back", "hoodie_back", side="back"),
        _once("97996", "close-up", "hoodie_front", "330 250 560 560"),
    ),
    "hoodie_aop": (
        Camera("98011", "front", "front", "hoodie_aop"),
        Camera("98012", "back", "back", "hoodie_aop_back"),
    ),
    "mug": (
        Camera("79306", "front", "front", "mug_front"),
        Camera("79307", "lifestyle", "other", "mug_desk"),
    ),
    "mug_accent": (
        Camera("79316", "front", "front", "mug_accent_front", ground=_WHITE),
        Camera("79317", "lifestyle", "other", "mug_accent_desk", ground=_WHITE),
    ),
    "poster": (Camera("61201", "front", "front", "poster_front"), _once("61204", "lifestyle", "poster_room")),
    "tote": (Camera("88120", "front", "front", "tote_front"), _once("88124", "lifestyle", "tote_hook")),
    "phone": (
        Camera("70131", "back", "other", "phone_back"),
        _once("70135", "close-up", "phone_back", "280 120 620 620"),
    ),
    "hat": (
        Camera("106020", "front", "front", "hat_front", view="110 90 980 980"),
        _once("106024", "close-up", "hat_front", "350 250 500 500"),
    ),
    "sticker": (
        Camera("45701", "front", "front", "sticker_front"),
        _once("45703", "lifestyle", "sticker_laptop"),
    ),
    "pillow": (
        Camera("41530", "front", "front", "pillow_front"),
        _once("41534", "lifestyle", "pillow_sofa"),
    ),
    "notebook": (
        Camera("33750", "front", "front", "notebook_front"),
        _once("33752", "close-up", "notebook_front", "190 260 700 700"),
    ),
    "magnet": (
        Camera("102252", "front", "other", "magnet_front"),
        _once("102255", "lifestyle", "magnet_car"),
    ),
}
