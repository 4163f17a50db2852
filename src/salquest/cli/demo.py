"""`salquest demo`: a page in the browser that predicts and compares."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from salquest.web.limits import Limits

USUAL = Limits()


def demo(
    *,
    model: Annotated[list[str], Parameter(negative=())] = [],  # noqa: B006
    host: str = "127.0.0.1",
    port: int = 8000,
    device: str = "cpu",
    max_bytes: int = USUAL.upload_bytes,
    max_pixels: int = USUAL.pixels,
    waiting: int = USUAL.waiting,
    seconds: float = USUAL.job_seconds,
) -> int:
    """Open a page on this machine: drop a picture, choose models, compare their maps, score them, keep them.

    Nothing that is sent to it is written to the disk, and it loads nothing from elsewhere.

    Args:
        model: A run folder, the folder of a checkpoint, an ONNX file or hf://owner/name, beside the models of the catalogue; several may
            be given.
        host: The address to bind to; 127.0.0.1 is reached from this machine alone.
        port: Where it listens; 0 takes a free one.
        device: Where the named networks run: cpu, cuda, cuda:1, mps.
        max_bytes: Of a picture's file.
        max_pixels: Of a picture.
        waiting: Predictions that may wait for their turn; further ones are refused.
        seconds: Until a prediction has to be there, waiting included.
    """
    from salquest.web.serving import serve_demo  # late, so that what is missing is told as one sentence

    limits = Limits(upload_bytes=max_bytes, pixels=max_pixels, waiting=waiting, job_seconds=seconds)
    try:
        serve_demo(
            model, host=host, port=port, device=device, limits=limits, tell=lambda where: print(f"salquest demo: {where}", flush=True)
        )
    except KeyboardInterrupt:
        return 0
    return 0
