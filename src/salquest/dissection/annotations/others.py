"""Regions that other rooms know: a file of boxes for any pictures, and the targets of search displays."""

from __future__ import annotations

from pathlib import Path

from salquest.datasets.generic import read_boxes
from salquest.displays import DisplaySet
from salquest.dissection.annotations.own import boxed
from salquest.dissection.annotations.region import Annotations, Region, present
from salquest.gaze import Stimulus


class BoxFile(Annotations):
    """A table image,label,left,top,width,height and flags (1 where one holds), such as EyeCrowd's boxes.csv.gz."""

    def __init__(self, path: Path) -> None:
        self.name, self._boxes = f"boxes of {path}", read_boxes(path)

    def regions(self, stimulus: Stimulus) -> list[Region]:
        """The picture's boxes, each with its label and flags."""
        return boxed(tuple(self._boxes.get(stimulus.key, ())), stimulus.size)

    def names(self) -> tuple[str, ...]:
        """Keys of the pictures."""
        return tuple(self._boxes)


class DisplayItems(Annotations):
    """What a search display shows: the "target", and all "distractors" as one region; the display's family is a category of both."""

    def __init__(self, displays: DisplaySet) -> None:
        self.name = f"items of {displays.name}"
        self._displays = {display.stimulus.key: display for display in displays.displays}
        self.stimuli = tuple(display.stimulus for display in displays.displays)

    def regions(self, stimulus: Stimulus) -> list[Region]:
        """The target's region and the distractors' one, where the display has them. Raises BrokenFile: as `ShownDisplay.masks`."""
        display = self._displays.get(stimulus.key)
        if display is None:
            return []
        target, distractors = display.masks()
        return present([Region.of_mask(["target", f"target of {display.family}"], target), Region.of_mask(["distractors"], distractors)])

    def names(self) -> tuple[str, ...]:
        """Keys of the displays."""
        return tuple(self._displays)
