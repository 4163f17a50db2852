"""The page: it says what the tables say, shows what units see, keeps strangers' words words, and is one small file that loads nothing."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image
from planted_squares import HEIGHT, PICTURES, SIDE, UNITS, WIDTH, one_stage

from salquest.datasets import load_dataset
from salquest.dissection import Settings, Subject, dissect, layer_table, read_annotations, unit_table, write_dissection
from salquest.dissection.findings import findings
from salquest.dissection.gathering import Gathering
from salquest.dissection.page_document import CELL
from salquest.dissection.reporting import report_dissection
from salquest.gaze.polygons import polygon_mask

MATCHED = Settings(quantile=SIDE * SIDE / (HEIGHT * WIDTH), grid_step=1)
NAMES = list(UNITS)
HOSTILE = "<script>alert('&')</script>\"' onerror=\"x"


def two_networks(planted, **more):
    subjects = [Subject("first", one_stage(*UNITS.values())), Subject("second", one_stage(*reversed(UNITS.values())))]
    return dissect(subjects, read_annotations("own", planted), planted, settings=MATCHED, strongest=True, **more)


@pytest.fixture(scope="module")
def found(planted_folder):
    return two_networks(load_dataset("planted", planted_folder))


@pytest.fixture(scope="module")
def page(found):
    return report_dissection(found, {"models": ["first", "second"]})


def document_of(page):
    return json.loads(re.search(r'<script type="application/json" id="document">(.*?)</script>', page, re.DOTALL)[1])


class Elements(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, page):
        super().__init__()
        self.all, self.words = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.all.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)


# --- numbers


def test_every_cell_has_the_numbers_of_the_table(found, page):
    shown = document_of(page)
    rows = {(row["model"], row["score"], row["layer"], row["category"]): row for row in layer_table(found).rows()}
    seen = 0
    for n, network in enumerate(shown["networks"]):
        for s, score in enumerate(shown["scores"]):
            for k, layer in enumerate(shown["layers"]):
                for c, category in enumerate(shown["categories"]):
                    row = rows[network["name"], score["key"], layer, category["name"]]
                    for name, value in zip(CELL, shown["cells"][n][s][k][c], strict=True):
                        assert value == (None if row[name] is None else pytest.approx(row[name], abs=5e-5))
                    assert " ".join(map(str, shown["best"][n][s][k][c])) == row["best"]
                    assert category["regions"] == row["regions"]
                    seen += 1
    assert seen == 2 * 5 * 1 * 2


def test_every_unit_has_the_numbers_of_the_table(found, page):
    shown = document_of(page)
    rows = {(row["model"], row["layer"], row["unit"], row["category"]): row for row in unit_table(found).rows()}
    for n, network in enumerate(shown["networks"]):
        units = shown["units"][n][0]
        for place, unit in enumerate(units["shown"]):
            for c, category in enumerate(shown["categories"]):
                row = rows[network["name"], "colours", unit, category["name"]]
                assert units["state"][place] == row["state"]
                for s, score in enumerate(shown["scores"]):
                    assert units["scores"][s][c][place] == pytest.approx(row[score["key"]], abs=5e-4)
                    assert units["errors"][s][c][place] == pytest.approx(row[f"{score['key']}_error"], abs=5e-4)


def test_dead_exploding_and_near_duplicate_units_are_told(page):
    units = document_of(page)["units"][0][0]
    assert (units["count"], units["dead"], units["exploding"]) == (7, [NAMES.index("dead")], [NAMES.index("exploding")])
    assert not {NAMES.index("dead"), NAMES.index("exploding")} & set(units["shown"])
    assert units["alike"][units["shown"].index(NAMES.index("red"))] == [NAMES.index("exploding"), NAMES.index("red again")]


def test_a_planted_detector_is_listed_first_and_outlined_where_it_looks(found, page):
    shown = document_of(page)
    red = [category["name"] for category in shown["categories"]].index("red")
    for score in range(len(shown["scores"])):
        assert shown["best"][0][score][0][red][0] in (NAMES.index("red"), NAMES.index("red again"))
    answers = found.strongest["first", "colours"][NAMES.index("red")]
    assert sorted(answer.picture for answer in answers) == list(range(PICTURES))
    assert [answer.peak for answer in answers] == pytest.approx([160 / 255] * PICTURES)
    for answer in answers:
        (square,) = (region for region in found.probe.regions(answer.picture) if "red" in region.categories)
        (polygon,) = answer.outline
        drawn = polygon_mask(polygon + 0.5, (HEIGHT, WIDTH))
        assert (square.mask((HEIGHT, WIDTH)) <= drawn).all()
        # its neighbours are 0, the threshold, at which the line stands
        low, high = polygon.min(axis=0), polygon.max(axis=0)
        assert (low >= [square.left - 1, square.top - 1]).all()
        assert (high <= [square.left + SIDE, square.top + SIDE]).all()


def test_sentences_tell_numbers_and_what_they_are_compared_with(found):
    said = dict(findings(found, layer_table(found).rows()))
    assert set(said) == {
        "first, relative NSS:", "second, relative NSS:", "second against first, relative NSS:", "first, IoU:", "second, IoU:",
        "second against first, IoU:", "first against second, drift:", "Few regions:", "Health:",
    }  # fmt: skip
    assert "second 1 dead and 1 exploding of 7" in said["Health:"]
    assert "blue (8), red (8) have fewer than 30" in said["Few regions:"]
    # the same units in another order: as good by every score, and none is where it was
    assert (
        said["second against first, IoU:"]
        == "in the best layer of second higher for none; lower for none; for 2 of 2 the pictures cannot tell."
    )
    assert "unit 5 of one is not unit 5 of the other" in said["first against second, drift:"]


def test_without_a_random_network_nothing_is_said_about_training(planted):
    found = two_networks(planted, control=False)
    said = dict(findings(found, layer_table(found).rows()))
    assert said["first, IoU:"] == "not compared with random weights, so nothing can be said about what training brought."
    assert document_of(report_dissection(found, {}))["networks"][0]["control"] is None


# --- one file


def test_nothing_is_loaded_from_elsewhere(page):
    assert not re.search(r"https?:|@import|url\(|srcset|href|<link|<iframe|fetch\(|XMLHttp|import\(", page)
    sources = [attributes["src"] for _, attributes in Elements(page).all if "src" in attributes]
    assert all(source.startswith("data:") for source in sources)
    policy = next(attributes for tag, attributes in Elements(page).all if attributes.get("http-equiv") == "Content-Security-Policy")
    assert policy["content"].startswith("default-src 'none'; img-src data:")


def test_every_picture_is_there_once_and_the_page_is_small(page):
    assert len(document_of(page)["pictures"]) == PICTURES == page.count('"jpeg":')
    # 2 networks of 5 units with 8 pictures each; the drift plot has most of it
    assert len(page) < 250_000


def test_strangers_words_stay_words(planted_folder, tmp_path):
    folder = tmp_path / "hostile"
    shutil.copytree(planted_folder, folder)
    name = "p0<img src=x onerror=alert(1)>.png"
    for part in ("stimuli", "labels"):
        (folder / part / "p0.png").rename(folder / part / name)
    for table in ("fixations.csv", "attributes.csv"):
        path = folder / table
        path.write_text(path.read_text().replace("p0.png", name))
    path = folder / "attributes.csv"
    quoted = HOSTILE.replace('"', '""')
    path.write_text(path.read_text().replace("value,red,blue", f'value,"{quoted}",blue'))
    data = load_dataset("hostile", folder)
    subject = Subject(HOSTILE, one_stage(*UNITS.values()))
    found = dissect([subject], read_annotations("own", data), data, settings=MATCHED, strongest=True)
    page = report_dissection(found, {"models": [HOSTILE]})
    elements = Elements(page)
    assert [attributes.get("id") for tag, attributes in elements.all if tag == "script"] == ["document", None]
    assert not [attributes for _, attributes in elements.all if any(key.startswith("on") for key in attributes)]
    assert not [attributes for tag, attributes in elements.all if tag == "img" and attributes.get("src") == "x"]
    shown = document_of(page)
    assert HOSTILE in [category["name"] for category in shown["categories"]]
    assert name in [picture["name"] for picture in shown["pictures"]]
    assert f"What units encode: {HOSTILE}" in elements.words


# --- what is kept


def test_the_page_comes_from_the_cache_where_nothing_has_changed(planted, tmp_path, monkeypatch):
    first = report_dissection(two_networks(planted, cache=tmp_path), {})
    monkeypatch.setattr(Gathering, "_maps", lambda *_, **__: pytest.fail("the network was run again"))
    assert report_dissection(two_networks(planted, cache=tmp_path), {}) == first


@pytest.mark.parametrize("settings", [replace(MATCHED, quantile=0.3), replace(MATCHED, grid_step=3), replace(MATCHED, size=(12, 16))])
def test_changed_settings_never_meet_old_outlines(planted, colours, tmp_path, settings):
    annotations = read_annotations("own", planted)

    def run(chosen, cache):
        found = dissect([colours], annotations, planted, settings=chosen, control=False, strongest=True, cache=cache)
        return {
            (unit, answer.picture): [polygon.tolist() for polygon in answer.outline]
            for unit, answers in found.strongest["hand-made", "colours"].items()
            for answer in answers
        }

    before = run(MATCHED, tmp_path)
    after = run(settings, tmp_path)
    assert after == run(settings, None) != before


def test_a_changed_picture_never_meets_old_outlines(planted_folder, colours, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(planted_folder, folder)

    def peaks(cache):
        data = load_dataset("planted", folder)
        found = dissect([colours], read_annotations("own", data), data, settings=MATCHED, control=False, strongest=True, cache=cache)
        answers = found.strongest["hand-made", "colours"][NAMES.index("light")]
        return [(answer.picture, answer.peak) for answer in answers]

    before = peaks(tmp_path / "cache")
    path = folder / "stimuli" / "p5.png"
    pixels = np.array(Image.open(path))
    pixels[0, 0] = 255
    Image.fromarray(pixels).save(path)
    after = peaks(tmp_path / "cache")
    assert after == peaks(None) != before
    assert after[0] == (5, pytest.approx(0.9))


def test_without_strongest_pictures_there_is_no_page(planted, colours, tmp_path):
    found = dissect([colours], read_annotations("own", planted), planted, settings=MATCHED, control=False)
    write_dissection(found, tmp_path, {})
    assert not (tmp_path / "dissection.html").exists()
