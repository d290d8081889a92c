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


CAMERAS: dict[str, tuple[Camera, ...]] = {
    "tee": (
        Camera("92570", "front", "front", "tee_front"),
        Camera("92571", "back", "back", "tee_back", side="back"),
        Camera("92580", "lifestyle", "other", "tee_hanger", every_colour=False),
    ),
    "hoodie": (
        Camera("97992", "front", "front", "hoodie_front"),
        Camera("97993", "back", "back", "hoodie_back", side="back"),
    ),
    "hoodie_aop": (Camera("98011", "front", "front", "hoodie_aop"),),
    "mug": (
        Camera("79306", "front", "front", "mug_front"),
        Camera("79307", "right", "other", "mug_right"),
    ),
    "poster": (Camera("61201", "front", "front", "poster_front"),),
    "tote": (Camera("88120", "front", "front", "tote_front"),),
    "phone": (Camera("70131", "back", "other", "phone_back"),),
    "hat": (Camera("106020", "front", "front", "hat_front"),),
    "sticker": (Camera("45701", "front", "front", "sticker_front"),),
    "pillow": (Camera("41530", "front", "front", "pillow_front"),),
    "notebook": (Camera("33750", "front", "front", "notebook_front"),),
    "magnet": (Camera("102252", "front", "other", "magnet_front"),),
}
CAMERAS["mug_accent"] = CAMERAS["mug"]
