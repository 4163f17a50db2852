"""The page in a real browser: Chromium, driven by Playwright."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from asking import Asked, running

from salquest.gaze import Fixations
from salquest.gaze.map_files import encode_map
from salquest.metrics import nss
from salquest.models import load_model
from salquest.models.catalogue import DEFAULT
from salquest.web.offered import offered_models

playwright = pytest.importorskip("playwright.sync_api", reason="needs the Python package playwright")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="needs the browser chromium on the PATH")]

CHOSEN = "image-signature"
FIXATIONS = "x,y\n35,14\n40,12\n3,30\n"
FILE = "([bytes, name, type]) => { const t = new DataTransfer(); t.items.add(new File([new Uint8Array(bytes)], name, {type})); return t; }"


@dataclass
class Seen:
    """A page, and what must not happen on it."""

    page: Any
    elsewhere: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def drop(self, content: bytes, name: str, kind: str) -> None:
        """Drop a file onto the page."""
        self.page.dispatch_event("body", "drop", {"dataTransfer": self.page.evaluate_handle(FILE, [list(content), name, kind])})

    def paste(self, content: bytes) -> None:
        """Paste a picture."""
        files = self.page.evaluate_handle(FILE, [list(content), "image.png", "image/png"])
        self.page.evaluate(
            "files => document.body.dispatchEvent(new ClipboardEvent('paste', {clipboardData: files, bubbles: true}))", files
        )

    def see(self, selector: str) -> Any:
        """What can be expected of an element."""
        return playwright.expect(self.page.locator(selector))


@pytest.fixture(scope="module")
def ask() -> Iterator[Asked]:
    with running(offered_models(), job_seconds=300) as asked:
        yield asked


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture
def seen(ask: Asked, browser: Any) -> Iterator[Seen]:
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    page.set_default_timeout(120_000)
    playwright.expect.set_options(timeout=120_000)
    seen = Seen(page)

    def watch(route: Any) -> None:
        if urlsplit(route.request.url).netloc == f"127.0.0.1:{ask.port}":
            route.continue_()
        else:
            seen.elsewhere.append(route.request.url)
            route.abort()

    page.route("**/*", watch)
    page.on("console", lambda message: seen.complaints.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    page.goto(f"http://127.0.0.1:{ask.port}/")
    seen.see("#samples button").to_have_count(12)
    yield seen
    assert seen.elsewhere == []
    page.close()


def test_a_dropped_picture_is_shown_under_the_maps_of_two_models_scored_and_kept(seen: Seen, png: bytes, pixels: np.ndarray) -> None:
    page = seen.page
    seen.see(f".model input[value={DEFAULT}]").to_be_checked()
    seen.drop(png, "photo.png", "image/png")
    page.check(f".model input[value={CHOSEN}]")
    seen.see(".card[data-state=done]").to_have_count(2)
    assert page.locator(".card h3").all_text_contents() == [DEFAULT, CHOSEN]
    assert page.locator(".layer").evaluate_all("all => all.map(one => [one.naturalWidth, one.naturalHeight])") == [[60, 40]] * 2
    assert all(told.endswith("s") for told in page.locator(".time").all_text_contents())  # ms or s

    page.locator("#opacity").fill("30")
    assert page.locator(".layer").evaluate_all("all => all.map(one => getComputedStyle(one).opacity)") == ["0.3"] * 2
    page.locator("#wipe").focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert page.locator(".after").evaluate_all("all => all.map(one => getComputedStyle(one).clipPath)") == ["inset(0px 0px 0px 3%)"] * 2
    frame = page.locator(".frame").first.bounding_box()
    page.mouse.move(frame["x"] + frame["width"] / 4, frame["y"] + 20)
    page.mouse.down()
    page.mouse.move(frame["x"] + frame["width"] / 2, frame["y"] + 40)
    page.mouse.up()
    seen.see("#wipe-told").to_have_text("50 %")

    page.locator("#gaze summary").click()
    page.locator("#fixations").fill(FIXATIONS)
    seen.see(".scores:not([hidden])").to_have_count(2)
    looked = Fixations([35, 40, 3], [14, 12, 30], (40, 60))
    shown = page.locator(".card dd:nth-child(2)").all_text_contents()[::5]
    assert shown == [f"{nss(load_model(name).predict(pixels).values, looked):.3f}" for name in (DEFAULT, CHOSEN)]
    seen.see("#scores-told").to_contain_text("σ = 1.8 px")

    with page.expect_download() as coming:
        page.get_by_role("button", name=f"Keep 16-bit PNG of {CHOSEN}").click()
    assert coming.value.suggested_filename == f"photo-{CHOSEN}-map.png"
    assert coming.value.path().read_bytes() == encode_map(load_model(CHOSEN).predict(pixels), "png16")
    assert seen.complaints == []


def test_a_sample_is_scored_at_once_and_another_picture_takes_its_place(seen: Seen, png: bytes) -> None:
    page = seen.page
    page.get_by_role("button", name="a robin on a branch").click()
    seen.see(".card .scores:not([hidden])").to_have_count(1)
    seen.see("#gaze-told").to_contain_text("fixations")
    page.get_by_text("Map", exact=True).click()
    assert page.locator(".heat").evaluate("one => getComputedStyle(one).opacity") == "1"
    seen.paste(png)
    seen.see(".card .picture").to_have_js_property("naturalWidth", 60)
    seen.see(".card[data-state=done]").to_have_count(1)
    seen.see(".card .scores:not([hidden])").to_have_count(0)
    assert page.locator("#fixations").input_value() == ""
    assert seen.complaints == []


def test_refusals_are_read_as_sentences(seen: Seen) -> None:
    seen.drop(b"hello", "photo.jpg", "image/jpeg")
    seen.see("#error").to_have_text("The picture is not a picture that can be read (its content is of no known image format).")
    seen.page.evaluate(
        "document.body.dispatchEvent(new DragEvent('drop', {dataTransfer: new DataTransfer(), bubbles: true, cancelable: true}))"
    )
    seen.see("#error").to_contain_text("Pictures are not fetched from addresses")
    assert all("422" in complaint for complaint in seen.complaints)  # the browser's own line about the refusal


def test_on_a_phone_nothing_is_wider_than_the_screen(seen: Seen) -> None:
    seen.page.set_viewport_size({"width": 360, "height": 740})
    seen.page.get_by_role("button", name="a robin on a branch").click()
    seen.see(".card .scores:not([hidden])").to_have_count(1)
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= 360


def test_everything_is_reached_by_the_keyboard(seen: Seen) -> None:
    page, reached = seen.page, set()
    page.get_by_role("button", name="a robin on a branch").click()
    seen.see(".card .scores:not([hidden])").to_have_count(1)
    page.evaluate("document.activeElement.blur()")
    for _ in range(80):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("(({id, className, dataset}) => id || dataset.file || className)(document.activeElement)"))
    assert {"file", "find", "fixations", "sigma", "dots", "opacity", "wipe", "overlay.png", "map.png", "map.npy", "remove"} <= reached


def test_the_picture_s_bytes_are_the_only_thing_that_is_sent(seen: Seen, png: bytes) -> None:
    sent: list[tuple[str, bytes | None]] = []
    seen.page.on("request", lambda request: sent.append((request.method, request.post_data_buffer)) if request.method == "POST" else None)
    seen.drop(png, "photo.png", "image/png")
    seen.see(".card[data-state=done]").to_have_count(1)
    assert len(sent) == 2  # the picture, and one prediction
    assert not sent[1][1]
