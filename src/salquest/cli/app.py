"""The list of commands, and the one place where errors become a sentence and an exit status."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError

from salquest import __version__
from salquest.errors import MissingExtra, SalquestError

# the packages of the [train] part; without them networks cannot be trained or loaded
TRAIN_PACKAGES = frozenset({"torch", "lightning_fabric"})

app = App(
    name="salquest",
    version=__version__,
    help="Where people look in a picture: predict it, train it under any loss, score it with numbers that can be compared.",
    help_epilogue="Errors are one sentence; add --debug to see where they come from.",
)
# commands are imported when they are called, so that --help answers at once
app.command("salquest.cli.predict:predict", name="predict", help="Write the saliency maps of pictures.")
app.command("salquest.cli.crop:crop", name="crop", help="Cut pictures to given shapes where people look.")
app.command("salquest.cli.attention:attention", name="attention", help="Which share of attention each part of a design gets.")
app.command("salquest.cli.train:train", name="train", help="Train a network under a loss and leave a run folder.")
app.command(
    "salquest.cli.adapt:adapt", name="adapt", help="Bring a trained network to your data by a few numbers, from some fifty pictures."
)
app.command("salquest.cli.export:export", name="export", help="Write a trained network as an ONNX file.")
app.command("salquest.cli.quest:quest", name="quest", help="Carry out a recipe: many runs, one table, one report.")
app.command("salquest.cli.tune:tune", name="tune", help="Search the weights of a loss on the validation pictures.")
app.command("salquest.cli.report:report", name="report", help="Write a quest's tables and page again from its folder.")
app.command("salquest.cli.score:score", name="score", help="Score maps or models on a data set.")
app.command("salquest.cli.compare:compare", name="compare", help="Compare maps or models on the same pictures, with tests.")
app.command("salquest.cli.submission:submission", name="submission", help="Write the file that a benchmark takes.")
app.command("salquest.cli.demo:demo", name="demo", help="Try models in the browser: a page on this machine.")
app.command("salquest.cli.convert:app", name="convert", help="Turn weights that others released into run folders.")
app.command("salquest.cli.data:app", name="data", help="Look a data set through, import one's own, find the blur of its maps.")
app.command("salquest.cli.displays:app", name="displays", help="Search displays with a known target: draw them, score models on them.")
app.command("salquest.cli.dissect:dissect", name="dissect", help="What the units of networks encode, against annotated regions.")
app.command("salquest.cli.ablate:ablate", name="ablate", help="What a network's map loses when units are removed.")
app.command("salquest.cli.attribute:attribute", name="attribute", help="Which parts of a picture drive a prediction.")
app.command("salquest.cli.listing:list_entries", name="list", help="What salquest knows by name.")


def main(tokens: Sequence[str] | None = None) -> None:
    """Run the command line and leave the process with its exit status."""
    words = list(sys.argv[1:] if tokens is None else tokens)
    debug = "--debug" in words
    words = [word for word in words if word != "--debug"]
    try:
        app(words, exit_on_error=False, print_error=False)
    except (SalquestError, CycloptsError, ImportError, KeyboardInterrupt, BrokenPipeError) as error:
        if debug:
            raise
        sentence, status = _told(error)
        print(f"salquest: {sentence}", file=sys.stderr)
        sys.exit(status)


def _told(error: BaseException) -> tuple[str, int]:
    if isinstance(error, KeyboardInterrupt):
        return "interrupted; the same command goes on where it stopped", 130
    if isinstance(error, BrokenPipeError):
        return "the program that read the output has gone", 1
    if isinstance(error, ImportError) and not isinstance(error, SalquestError):
        # a command that is imported late tells of the missing package in the cause of its own error
        absent = error if error.name or not isinstance(error.__cause__, ImportError) else error.__cause__
        if (absent.name or "").split(".")[0] not in TRAIN_PACKAGES:
            raise error
        return str(MissingExtra("this command", "train")), 2
    return " ".join(str(error).split()), 2
