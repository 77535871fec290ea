"""How many people have signed, told only roughly: a group under five is never split."""

from typing import NamedTuple


class Band(NamedTuple):
    """From *low* to *high* people, both included; *high* is None for the last band."""

    low: int
    high: int | None

    @property
    def key(self) -> str:
        """The name of the sentence that tells this band, such as "band-5"."""
        return f"band-{self.low}"


BANDS = (Band(0, 4), Band(5, 9), Band(10, 19), Band(20, 49), Band(50, 99), Band(100, None))


def band(people: int) -> Band:
    """Return the band that *people* fall into. Raises ValueError below 0."""
    if people < 0:
        raise ValueError(f"there cannot be {people} people")
    return next(band for band in reversed(BANDS) if band.low <= people)
