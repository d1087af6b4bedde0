"""What a client says of the cells of a file, which alone could be read otherwise."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reading:
    """Columns that are `numbers` or `texts` whatever they look like, and which texts mean that a value is missing, beside those
    of the format."""

    numbers: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    missing_values: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.numbers or self.texts or self.missing_values)


AS_IT_LOOKS = Reading()
