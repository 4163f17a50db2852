"""How much one may ask of the demo's server."""

from __future__ import annotations

from dataclasses import dataclass, fields

from salquest.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds of one server; each is more than 0.

    Attributes:
        upload_bytes: of a picture's file.
        pixels, side: of a picture, and of its longer side: what a Gaussian costs grows with the square of the side.
        text_bytes: of fixations as text.
        waiting: jobs that wait while one is done; the next one is refused.
        uploads: pictures that are received at the same time.
        upload_seconds: until a picture has to be here.
        job_seconds: until an answer has to be there, waiting included.
        kept_bytes: of all pictures and maps in memory; the oldest make room.

    Raises:
        InputError: a limit that is not above 0.
    """

    upload_bytes: int = 20_000_000
    pixels: int = 25_000_000
    side: int = 6_000
    text_bytes: int = 2_000_000
    waiting: int = 8
    uploads: int = 4
    upload_seconds: float = 30.0
    job_seconds: float = 120.0
    kept_bytes: int = 600_000_000

    def __post_init__(self) -> None:
        for bound in fields(self):
            value = getattr(self, bound.name)
            if not value > 0:
                raise InputError(f"the demo's limit {bound.name} is more than 0; found {value:g}")
