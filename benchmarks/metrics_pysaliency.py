"""The other side of metrics.py: times pysaliency 0.2.22 in an environment of its own, one line of JSON for each line asked.

Line in: {"file": npz} to load a scene, or {"metric": name}. Line out: CPU seconds and values of that metric for all pictures of the scene.
"""

from __future__ import annotations

import json
import sys
import time
import warnings

import numpy as np

warnings.simplefilter("ignore")
from pysaliency.metrics import CC, NSS, SIM, MIT_KLDiv, convert_saliency_map_to_density  # noqa: E402
from pysaliency.roc import general_roc  # noqa: E402


def _auc(s, scene, i):
    return general_roc(s[scene["y"][i], scene["x"][i]], s.flatten(), judd=0)[0]


def _auc_judd(s, scene, i):
    free = np.ones(s.shape, dtype=bool)
    free[scene["y"][i], scene["x"][i]] = False
    noisy = s + np.random.RandomState(42).randn(*s.shape) * 1e-7
    return general_roc(noisy[scene["y"][i], scene["x"][i]], noisy[free], judd=1)[0]


def _auc_shuffled(s, scene, i):
    return general_roc(s[scene["y"][i], scene["x"][i]], s[scene["other_y"][i], scene["other_x"][i]], judd=0)[0]


def _ig(s, scene, i):
    ours, base = (convert_saliency_map_to_density(values) for values in (s, scene["baseline"][i]))
    at = scene["y"][i], scene["x"][i]
    return (np.log(ours[at]) - np.log(base[at])).mean() / np.log(2)


METRICS = {
    "auc": _auc,
    "auc_judd": _auc_judd,
    "auc_shuffled": _auc_shuffled,
    "nss": lambda s, scene, i: NSS(s, scene["x"][i], scene["y"][i]).mean(),
    "cc": lambda s, scene, i: CC(s, scene["density"][i]),
    "sim": lambda s, scene, i: SIM(s, scene["density"][i]),
    "kl": lambda s, scene, i: MIT_KLDiv(s, scene["density"][i]),
    "ig": _ig,
}


def main() -> None:
    scene: dict = {}
    for line in sys.stdin:
        asked = json.loads(line)
        if "file" in asked:
            with np.load(asked["file"]) as content:
                scene = {name: content[name] for name in content.files}
            answer: dict = {"loaded": len(scene["saliency"])}
        else:
            began = time.process_time()
            values = [float(METRICS[asked["metric"]](s, scene, i)) for i, s in enumerate(scene["saliency"])]
            answer = {"seconds": time.process_time() - began, "values": values}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
