"""The page in a real browser: choices change what is seen, the keyboard reaches everything, no word runs, no request leaves."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from planted_squares import HEIGHT, PICTURES, SIDE, UNITS, WIDTH, one_stage

from salquest.datasets import load_dataset
from salquest.dissection import Settings, Subject, dissect, layer_table, read_annotations, write_dissection

playwright = pytest.importorskip("playwright.sync_api", reason="needs the Python package playwright")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="needs the browser chromium on the PATH")]

NAMES = list(UNITS)
HOSTILE = "second<img src=x onerror=document.title='taken'>"


@pytest.fixture(scope="module")
def found(planted_folder) -> Any:
    data = load_dataset("planted", planted_folder)
    subjects = [Subject("first", one_stage(*UNITS.values())), Subject(HOSTILE, one_stage(*reversed(UNITS.values())))]
    settings = Settings(quantile=SIDE * SIDE / (HEIGHT * WIDTH), grid_step=1)
    return dissect(subjects, read_annotations("own", data), data, settings=settings, strongest=True)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture(params=["light", "dark"])
def page(request, found, browser, tmp_path) -> Iterator[Any]:
    write_dissection(found, tmp_path, {"models": ["first", HOSTILE]})
    address = (tmp_path / "dissection.html").as_uri()
    page = browser.new_page(viewport={"width": 1200, "height": 900}, color_scheme=request.param)
    page.set_default_timeout(60_000)
    asked, complaints = [], []
    page.on("request", lambda one: asked.append(one.url) if not one.url.startswith("data:") else None)
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address)
    yield page
    assert asked == [address]
    assert complaints == []
    assert page.title() == f"What units encode: first, {HOSTILE}"
    page.close()


def first_unit(page: Any, network: int) -> int:
    return int(page.locator(f"#best [data-network='{network}'] .unit").first.get_attribute("data-unit"))


def test_choosing_a_category_and_a_unit_shows_its_pictures_outlined(page: Any) -> None:
    page.locator("#score").select_option(label="IoU")
    page.locator("#category").select_option(label="red (8)")
    assert first_unit(page, 0) in (NAMES.index("red"), NAMES.index("red again"))
    page.locator("#category").select_option(label="blue (8)")
    # what is "not red" is blue here: two units of one score, the first one first
    unit = len(NAMES) - 1 - NAMES.index("not red")
    assert (first_unit(page, 0), first_unit(page, 1)) == (NAMES.index("blue"), unit)
    page.locator("#best [data-network='1'] button").first.click()
    assert page.locator("#network").input_value() == "1"
    assert page.locator("#one h3").text_content() == f"Unit {unit} of colours, {HOSTILE}"
    assert page.locator("#unit").input_value() == str(unit)
    images = page.locator("#one .nine img")
    assert images.evaluate_all("all => all.map(one => [one.naturalWidth, one.naturalHeight])") == [[WIDTH, HEIGHT]] * PICTURES
    sides = images.evaluate_all("all => all.map(one => one.clientHeight / one.clientWidth)")
    assert sides == pytest.approx([HEIGHT / WIDTH] * PICTURES, abs=0.02)  # not squeezed, so that lines are where they belong
    # the line is around the blue square, in half pixels
    boxes = page.locator("#one .nine .line").evaluate_all("all => all.map(one => { const b = one.getBBox(); return [b.width, b.height]; })")
    assert all(SIDE * 2 <= side <= (SIDE + 2) * 2 for box in boxes for side in box)


def test_switching_the_score_shows_the_numbers_of_its_table(page: Any, found: Any) -> None:
    rows = {(row["model"], row["score"], row["category"]): row for row in layer_table(found).rows()}
    for title, key, places in (("NSS over regions", "region_nss", 2), ("IoU", "iou", 3), ("selectivity (AUC)", "auc", 2)):
        page.locator("#score").select_option(label=title)
        for network, name in enumerate(("first", HOSTILE)):
            page.locator("#network").select_option(str(network))
            shown = page.locator("#heat table").first.locator("td").all_text_contents()
            wanted = [f"{round(rows[name, key, category]['top_ten'], places) + 0.0:.{places}f}" for category in ("blue", "red")]
            assert [f"{float(one.replace('−', '-')):.{places}f}" for one in shown] == wanted
            captions = page.locator("#heat caption").all_text_contents()
            assert len(captions) == 3 + network
            assert captions[2].startswith(f"{name} − random weights")
    page.locator("#beside").select_option(label="permuted cells")
    assert page.locator("#heat caption").all_text_contents()[1].startswith("permuted cells")


def test_everything_is_reached_by_the_keyboard(page: Any) -> None:
    page.locator("#category").select_option(label="blue (8)")
    page.locator("#heat td[tabindex='0']").first.focus()
    page.keyboard.press("ArrowRight")
    assert "colours, red: relative NSS of the ten best units" in page.locator("#readout").text_content()
    assert "8 regions on 8 pictures" in page.locator("#readout").text_content()
    page.keyboard.press("Enter")
    assert page.locator("#category").input_value() == "1"
    assert page.locator("#layer").input_value() == "0"
    assert page.evaluate("document.activeElement.dataset.column") == "1"
    page.locator("#unit").focus()
    before = page.locator("#one h3").text_content()
    page.keyboard.press("ArrowDown")
    assert page.locator("#one h3").text_content() != before
    page.evaluate("document.activeElement.blur()")
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("(({id, tagName}) => id || tagName)(document.activeElement)"))
    assert {"score", "category", "network", "layer", "beside", "unit", "TD", "BUTTON", "SUMMARY"} <= reached


def test_on_a_phone_only_tables_are_wider_than_the_screen(page: Any) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
