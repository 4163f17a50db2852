"""What the demo's server answers is what salquest computes, and what goes wrong is a sentence."""

from __future__ import annotations

import io
import json
import re

import numpy as np
import pytest
from asking import Asked, running
from PIL import Image

import salquest
from salquest.datasets import load_dataset
from salquest.gaze import Fixations, fixation_density
from salquest.gaze.map_files import encode_map
from salquest.metrics import auc_judd, cc, kl, nss, sim
from salquest.models import MODELS, load_model
from salquest.models.catalogue import DEFAULT
from salquest.report import dimmed, overlay
from salquest.web.app import PAGE
from salquest.web.offered import OfferedModel
from salquest.web.samples import SAMPLES

FIXATIONS = b"x,y\n35,14\n40,12.4\n3,30\n35,14\n400,3\n"


@pytest.mark.parametrize("name", PAGE)
def test_the_page_s_files_are_served_under_their_types(ask: Asked, name: str) -> None:
    answer = ask("GET", "/" if name == "index.html" else f"/{name}")
    assert (answer.status, answer.headers["content-type"].partition(";")[0]) == (200, PAGE[name])


def test_nothing_in_the_page_names_another_address(ask: Asked) -> None:
    told = b"".join(ask("GET", "/" if name == "index.html" else f"/{name}").content for name in PAGE)
    assert set(re.findall(rb"https?://[^\s\"']+", told)) == {b"http://www.w3.org/2000/svg"}  # a name of XML, never fetched


def test_the_page_has_no_script_or_style_that_its_policy_would_stop(ask: Asked) -> None:
    html = ask("GET", "/").content.decode()
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)", html)


def test_the_catalogue_offers_what_can_predict_and_chooses_the_default(ask: Asked) -> None:
    told = ask("GET", "/catalogue").json
    assert [model["name"] for model in told["models"]] == [name for name, card in MODELS.items() if card.build is not None]
    assert told["chosen"] == [DEFAULT]
    assert told["sample_sigma_px"] == load_dataset("osie-mini").sigma_px


@pytest.mark.parametrize("key", SAMPLES)
def test_a_sample_is_a_picture_of_osie_mini_with_all_of_its_fixations(ask: Asked, key: str) -> None:
    assert Image.open(io.BytesIO(ask("GET", f"/samples/{key}").content)).size == (320, 240)
    looked = load_dataset("osie-mini")[key].fixations
    rows = np.loadtxt(io.BytesIO(ask("GET", f"/samples/{key}/fixations").content), delimiter=",", skiprows=1)
    np.testing.assert_allclose(rows, np.stack([looked.x, looked.y], axis=1))


def test_the_samples_licence_is_told(ask: Asked) -> None:
    assert "The MIT License" in ask("GET", "/samples/notice").content.decode()


@pytest.mark.parametrize(
    "path", ["/samples/1001.jpg", "/samples/..%2Fmeta.json", "/samples/..%2f..%2f..%2f__init__.py", "/../demo.css", "/etc/passwd"]
)
def test_no_path_reaches_another_file(ask: Asked, path: str) -> None:
    assert ask("GET", path).status == 404


def test_files_of_a_map_are_those_of_salquest(ask: Asked, key: str, pixels: np.ndarray) -> None:
    saliency = load_model("image-signature").predict(pixels)
    base = f"/pictures/{key}/maps/image-signature"
    assert ask("GET", f"{base}/map.npy").content == encode_map(saliency, "npy")
    assert ask("GET", f"{base}/map.png").content == encode_map(saliency, "png16")
    for strength in (0.75, 0.3):
        drawn = Image.open(io.BytesIO(ask("GET", f"{base}/overlay.png?strength={strength}").content))
        np.testing.assert_array_equal(np.asarray(drawn), overlay(pixels, saliency, strength=strength))


def test_the_layers_on_the_page_make_the_overlay_that_is_kept(ask: Asked, key: str, pixels: np.ndarray) -> None:
    layer = np.asarray(Image.open(io.BytesIO(ask("GET", f"/pictures/{key}/maps/image-signature/layer.png").content))).astype(float)
    alpha = 0.6 * layer[:, :, 3:] / 255
    seen = dimmed(pixels) * (1 - alpha) + layer[:, :, :3] * alpha
    kept = overlay(pixels, load_model("image-signature").predict(pixels), strength=0.6)
    np.testing.assert_allclose(seen, kept, atol=1.5)  # ground and opacity are rounded to 8 bits, the result again


def test_a_prediction_tells_its_time_and_its_peak(ask: Asked, key: str, pixels: np.ndarray) -> None:
    told = ask("POST", f"/pictures/{key}/maps/centre-bias").json
    saliency = load_model("centre-bias").predict(pixels)
    assert (told["peak"]["y"], told["peak"]["x"]) == saliency.peak
    assert told["peak_over_uniform"] == pytest.approx(saliency.values.max() * 60 * 40)
    assert 0 < told["seconds"] < 60


def test_the_scores_are_those_of_salquest_s_own_functions(ask: Asked, key: str, pixels: np.ndarray) -> None:
    told = ask("POST", f"/pictures/{key}/scores?model=image-signature&sigma=2.5", FIXATIONS, content_type="text/csv").json
    looked = Fixations([35, 40, 3, 35], [14, 12.4, 30, 14], (40, 60))
    values = load_model("image-signature").predict(pixels).values
    density = fixation_density(looked, sigma_px=2.5)
    assert told["scores"]["image-signature"] == {
        "nss": pytest.approx(nss(values, looked), abs=1e-12),
        "auc_judd": pytest.approx(auc_judd(values, looked), abs=1e-12),
        "cc": pytest.approx(cc(values, density), abs=1e-12),
        "sim": pytest.approx(sim(values, density), abs=1e-12),
        "kl": pytest.approx(kl(values, density), abs=1e-12),
    }
    assert (told["fixations"], told["outside"], told["sigma_px"]) == (4, 1, 2.5)


def test_where_no_sigma_is_given_it_is_three_percent_of_the_width(ask: Asked, key: str) -> None:
    told = ask("POST", f"/pictures/{key}/scores", FIXATIONS).json
    assert (told["sigma_px"], told["scores"]) == (pytest.approx(1.8), {})


def test_a_photograph_is_turned_as_it_is_looked_at(ask: Asked) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    content = io.BytesIO()
    Image.new("RGB", (30, 20)).save(content, format="JPEG", exif=exif)
    told = ask.send(content.getvalue()).json
    assert (told["width"], told["height"]) == (20, 30)


@pytest.mark.parametrize(
    ("name", "download"),
    [
        ("holiday.JPG", "holiday"),
        ("..%2F..%2Fetc%2Fpasswd", "passwd"),
        ("C:%5Cwindows%5Cwin.ini", "win"),
        ("a%22%0D%0Aset-cookie:%20x", "a-set-cookie-x"),
        ("", "picture"),
        ("%E7%9C%BC.png", "picture"),
        ("x" * 300, "x" * 60),
    ],
)
def test_a_client_s_file_name_is_harmless_in_headers(ask: Asked, png: bytes, name: str, download: str) -> None:
    key = ask.send(png, name).json["key"]
    ask("POST", f"/pictures/{key}/maps/uniform")
    told = ask("GET", f"/pictures/{key}/maps/uniform/map.npy").headers["content-disposition"]
    assert told == f'inline; filename="{download}-uniform-map.npy"'


@pytest.mark.parametrize(
    ("method", "path", "status", "sentence"),
    [
        ("GET", "/nowhere", 404, "Not Found"),
        ("POST", "/", 405, "Method Not Allowed"),
        ("GET", "/pictures/unknown/picture.jpg", 404, "this picture is not kept any more; drop it again"),
        ("POST", "/pictures/unknown/maps/gbvs", 404, "this picture is not kept any more; drop it again"),
        ("POST", "/pictures/KEY/maps/gvbs", 404, "no model is called 'gvbs' (did you mean 'gbvs'?)"),
        ("POST", "/pictures/KEY/maps/salgan", 404, "no model is called 'salgan'"),
        ("GET", "/pictures/KEY/maps/edn/map.npy", 404, "the map of edn is not kept any more; predict it again"),
        ("GET", "/pictures/KEY/maps/image-signature/map.exe", 404, "no file is called 'map.exe'"),
        ("GET", "/pictures/KEY/map.exe", 404, "no file is called 'map.exe'"),
        ("GET", "/pictures/KEY/maps/image-signature/overlay.png?strength=2", 422, "the strength of an overlay is 0 to 1; found 2"),
        ("GET", "/pictures/KEY/maps/image-signature/overlay.png?strength=nan", 422, "strength is a number; found 'nan'"),
        ("POST", "/pictures/KEY/scores?sigma=a", 422, "sigma is a number; found 'a'"),
        ("POST", "/pictures/KEY/scores?sigma=0", 422, "fixations are lines of x,y in pixels; found none"),
        ("POST", "/pictures/KEY/scores?model=edn", 404, "the map of edn is not kept any more"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(ask: Asked, key: str, method: str, path: str, status: int, sentence: str) -> None:
    answer = ask(method, path.replace("KEY", key))
    assert answer.status == status
    assert answer.error.startswith(sentence)


@pytest.mark.parametrize("sigma", ["0", "-1", "61", "1e9"])
def test_a_sigma_is_within_the_picture(ask: Asked, key: str, sigma: str) -> None:
    answer = ask("POST", f"/pictures/{key}/scores?sigma={sigma}", FIXATIONS)
    assert (answer.status, answer.error.partition(";")[0]) == (422, "sigma is more than 0 and at most the picture's longer side, 60 px")


def test_a_mistake_of_ours_is_a_sentence_without_a_trace(png: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    def load() -> None:
        raise ZeroDivisionError("a secret")

    with running([OfferedModel("bad", "", "-", "named", load)]) as ask:
        answer = ask("POST", f"/pictures/{ask.send(png).json['key']}/maps/bad")
    assert (answer.status, answer.error) == (500, "salquest failed (ZeroDivisionError); the terminal in which it runs says where")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "a secret" in capfd.readouterr().err


def test_a_model_without_torch_asks_for_its_part(png: bytes) -> None:
    def load() -> None:
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    with running([OfferedModel("deep", "", "-", "named", load)]) as ask:
        answer = ask("POST", f"/pictures/{ask.send(png).json['key']}/maps/deep")
    assert (answer.status, answer.error.rpartition(": ")[2]) == (422, "pip install 'salquest[train]'")


def test_a_model_is_loaded_once(png: bytes) -> None:
    loads = []

    def load() -> salquest.models.Model:
        loads.append(1)
        return load_model("uniform")

    with running([OfferedModel("ours", "", "-", "named", load)]) as ask:
        keys = [ask.send(png).json["key"] for _ in range(2)]
        assert [ask("POST", f"/pictures/{key}/maps/ours").status for key in keys] == [200, 200]
    assert loads == [1]


@pytest.mark.filterwarnings("ignore::salquest.errors.ConstantMapWarning")
def test_a_map_that_is_constant_scores_chance(ask: Asked, key: str) -> None:
    ask("POST", f"/pictures/{key}/maps/uniform")
    scores = ask("POST", f"/pictures/{key}/scores?model=uniform", FIXATIONS).json["scores"]["uniform"]
    assert (scores["nss"], scores["auc_judd"]) == (0, 0.5)


def test_a_model_says_which_pictures_it_has_learnt_from(png: bytes, pixels: np.ndarray) -> None:
    from salquest.datasets.duplicates import perceptual_hash

    taught = load_model("uniform")
    taught.trained_on = {"a.jpg": perceptual_hash(pixels)}
    other = io.BytesIO()
    Image.fromarray(np.random.default_rng(9).integers(0, 255, (40, 60, 3), dtype=np.uint8)).save(other, format="PNG")
    mirrored = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels[:, ::-1])).save(mirrored, format="PNG")
    with running([OfferedModel("taught", "", "-", "named", lambda: taught)]) as ask:
        told = [
            ask("POST", f"/pictures/{ask.send(content).json['key']}/maps/taught").json["learnt_from_it"]
            for content in (png, mirrored.getvalue(), other.getvalue())
        ]
    assert told == [True, True, False]


def test_answers_are_json_that_any_reader_takes(ask: Asked, key: str) -> None:
    content = ask("POST", f"/pictures/{key}/scores?model=image-signature", FIXATIONS).content
    json.loads(content, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
