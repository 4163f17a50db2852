"""What share of the gap to training on a set a few numbers close: `python tools/adapt_study.py --base RUN --full RUN --data NAME=PATH ...`.

The base has never seen the set; the full run was trained on the base's data and the set's training part. The base is adapted to some of
that part's pictures, and all of them are scored on the set's test part. Several sets: --full and --data again, in the same order. The page is
docs/results/adapt.md, or --page; adapted networks stay in --out.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from salquest.cli.arguments import data_set
from salquest.cli.scoring import score_table
from salquest.datasets import DataSet, Split, divide
from salquest.errors import SalquestError
from salquest.evaluation import Scores, evaluate_all, explained_share
from salquest.metrics import METRICS
from salquest.models import Model, load_model
from salquest.models.baselines import CentreBias
from salquest.runs import write_text
from salquest.training import AdaptationFit, adapt

PAGE = Path(__file__).parents[1] / "docs" / "results" / "adapt.md"
SCORES = ("ig", "cc", "nss", "kl", "sim")
BASE, FULL = "as it was", "trained on it"
INTRODUCTION = """# A few numbers instead of training

Made by `tools/adapt_study.py`. A network that has never seen a data set is brought to it by {parameters} numbers ([adapt](../adapt.md)), fitted
to some pictures of its training part; *{full}* is the same network trained on the base's data and that whole training part. Scores are of
the test part, which neither has seen; *share* is (adapted - as it was) / ({full} - as it was), with 95 % bootstrap intervals over pictures.
IG is over the centre bias of the set's training part.
"""


def study(
    base: str, full: str, data: DataSet, parts: Split, counts: list[int], *, seed: int, out: Path
) -> tuple[list[Scores], dict[int, AdaptationFit]]:
    """Scores on the test part of the base, of it adapted to so many pictures each, and of the full run; and the fits."""
    fits, models = {}, [_named(load_model(base), BASE)]
    for count in counts:
        folder = out / f"{data.name}-{count}"
        fits[count] = adapt(base, data, parts, folder, images=count, seed=seed, force=True)
        models.append(_named(load_model(folder), f"adapted, {len(fits[count].fitted_to)} pictures"))
    models.append(_named(load_model(full), FULL))
    floor = CentreBias.of(data.subset(parts.train))
    return evaluate_all(models, data.subset(parts.test), metrics=SCORES, baseline=floor), fits


def section(data: DataSet, results: list[Scores], fits: dict[int, AdaptationFit]) -> str:
    """A set's part of the page."""
    first, *adapted, last = results
    lines = [f"## {data.name}", "", score_table(results, "test").to_markdown(), ""]
    lines += [f"| share of the gap | {' | '.join(METRICS[name].title for name in SCORES)} |", f"|---|{'---|' * len(SCORES)}"]
    for result in adapted:
        shares = [explained_share(result, first, last, name) for name in SCORES]
        cells = [f"{share.mean:.0%} <sub>{share.low:.0%}..{share.high:.0%}</sub>" for share in shares]
        lines.append(f"| {result.model} | {' | '.join(cells)} |")
    for count, fit in fits.items():
        kept = "" if fit.helped else " They did not help there and were left out."
        lines += [
            "",
            f"Fitted to {len(fit.fitted_to)} of {count} pictures asked for; {len(fit.checked_on)} validation pictures gained "
            f"{fit.gain.mean:+.3f} bit ({fit.gain.low:+.3f}..{fit.gain.high:+.3f}).{kept}",
            "",
            *(
                f"- {sentence}"
                for sentence in fit.fitted.sentences(
                    longer_side=max(max(sample.stimulus.size) for sample in data), pixels_per_degree=data.pixels_per_degree
                )
            ),
        ]
        if fit.seen:
            lines += ["", f"{len(fit.seen)} of these pictures stand in the base's own training data: this is no adaptation to a new set."]
    if seen := {len(result.seen) for result in results if result.seen}:
        lines += ["", f"Up to {max(seen)} test pictures, or copies of them, stand in a network's training data."]
    return "\n".join(lines) + "\n"


def main(words: list[str]) -> int:
    """Carry it out and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", required=True, help="run folder, checkpoint's folder, or shipped name")
    parser.add_argument("--full", required=True, action="append", help="the same for each --data, or one for all")
    parser.add_argument("--data", required=True, action="append", help="NAME=PATH")
    parser.add_argument("--images", default="10,50,200", help="numbers of pictures to adapt to")
    parser.add_argument("--split", default="auto")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("adapted"), help="folder for the adapted networks")
    parser.add_argument("--page", type=Path, default=PAGE)
    asked = parser.parse_args(words)
    try:
        print(carry_out(asked, parser))
    except SalquestError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def carry_out(asked: argparse.Namespace, parser: argparse.ArgumentParser) -> Path:
    """Study every set and write the page; where it lies."""
    if len(asked.full) not in (1, len(asked.data)):
        parser.error(f"give --full once, or once for each of the {len(asked.data)} data sets; found {len(asked.full)}")
    full = asked.full * len(asked.data) if len(asked.full) == 1 else asked.full
    sections, parameters = [], 0
    for run, spec in zip(full, asked.data, strict=True):
        data = data_set(spec)
        counts = [int(count) for count in asked.images.split(",")]
        results, fits = study(asked.base, run, data, divide(data, asked.split), counts, seed=asked.seed, out=asked.out)
        parameters = next(iter(fits.values())).fitted.num_parameters
        sections.append(section(data, results, fits))
    write_text(asked.page, "\n".join([INTRODUCTION.format(parameters=parameters, full=FULL), *sections]))
    return asked.page


def _named(model: Model, name: str) -> Model:
    model.name = name
    return model


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
