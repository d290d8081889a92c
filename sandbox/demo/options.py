"""The choices a printer offers on a blueprint: colours, sizes, papers, finishes."""

from dataclasses import dataclass

from sandbox.demo.colours import BY_ID, named


@dataclass(frozen=True)
class Value:
    id: int
    title: str
    colours: tuple[str, ...] = ()


@dataclass(frozen=True)
class Axis:
    name: str
    type: str
    values: tuple[Value, ...]


def colours(*choices: str | int) -> Axis:
    """Colours by name, or by option-value id where a name stands for two shades."""
    found = (BY_ID[choice] if isinstance(choice, int) else named(choice) for choice in choices)
    return Axis("Colors", "color", tuple(Value(colour.id, colour.title, colour.hexes) for colour in found))


def sizes(first_id: int, *titles: str, name: str = "Sizes") -> Axis:
    return Axis(name, "size", numbered(first_id, *titles))


def numbered(first_id: int, *titles: str) -> tuple[Value, ...]:
    return tuple(Value(first_id + place, title) for place, title in enumerate(titles))


LETTER_SIZES = sizes(14, "S", "M", "L", "XL", "2XL", "3XL")
ONE_SIZE = sizes(74, "One size")
