"""A figure, and whether it keeps what was promised."""

from msgspec import Struct


class Figure(Struct, frozen=True):
    """One line of the table."""

    part: str
    name: str
    value: str
    kept: bool = True
    """False: a promise was broken."""

    def __str__(self) -> str:
        return f"{'ok ' if self.kept else 'BAD'}  {self.part:<9} {self.name:<66} {self.value}"


def counted(part: str, name: str, value: int | float, promise: bool | None = None) -> Figure:
    """A number; ``promise``: whether it is as it has to be, None where it only informs."""
    shown = f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"
    return Figure(part, name, shown, promise is not False)
