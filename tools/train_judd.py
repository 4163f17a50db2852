"""Train the shipped weights of Judd's model on OSIE's training part: `python tools/train_judd.py OSIE_FOLDER`.

OSIE's pictures and gaze are under the MIT licence (Xu 2014), so that what is learned from them may travel with the package. Minutes on one
core; the same folder gives the same file.
"""

from __future__ import annotations

import sys
from pathlib import Path

from salquest.datasets import load_dataset
from salquest.models.classical.judd import train_judd

TARGET = Path(__file__).parents[1] / "src" / "salquest" / "models" / "classical" / "judd_weights.json"


def main(folder: str) -> None:
    """Write the weights anew."""
    data = load_dataset("osie", folder)
    weights = train_judd(data.subset(data.parts["train"]), progress=lambda done, total: print(f"\r{done}/{total}", end="", file=sys.stderr))
    weights.save(TARGET)
    order = sorted(zip(weights.weights, weights.features, strict=True), key=lambda pair: -abs(pair[0]))
    print(f"\n{weights.num_samples} samples of {weights.num_pictures} pictures")
    print("\n".join(f"{weight:+.3f}  {name}" for weight, name in order))


if __name__ == "__main__":
    main(sys.argv[1])
