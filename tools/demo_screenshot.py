"""Draw docs/images/demo.png: `python tools/demo_screenshot.py [RUN...]`, the demo with a sample in a real browser, beside the models named here.

Needs Playwright for Python and Chromium on the PATH.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import expect, sync_playwright

TARGET = Path(__file__).parents[1] / "docs" / "images" / "demo.png"
SAMPLE, MODELS = "a road sign that warns of camels", ("gbvs",)
WIDTH, HEIGHT = 1280, 690


def main(runs: list[str]) -> None:
    """Write the picture anew."""
    words = [sys.executable, "-m", "salquest", "demo", "--port", "0", "--seconds", "300"]
    for run in runs:
        words += ["--model", run]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            address = server.stdout.readline().split()[2]
            TARGET.write_bytes(_shot(address, 1 + len(runs) + len(MODELS)))
        finally:
            server.terminate()
    print(f"{TARGET}: {TARGET.stat().st_size / 1000:.0f} kB")


def _shot(address: str, cards: int) -> bytes:
    expect.set_options(timeout=300_000)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"))
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.goto(address)
        page.get_by_role("button", name=SAMPLE).click()
        for name in MODELS:
            page.check(f".model input[value={name}]")
        expect(page.locator(".card .scores:not([hidden])")).to_have_count(cards)
        page.locator("#wipe").fill("30")
        page.locator("#models").evaluate("list => { list.scrollTop = 0; }")
        page.evaluate("document.activeElement.blur(), scrollTo(0, 0)")
        page.mouse.move(WIDTH - 1, 0)
        content = page.screenshot()
        browser.close()
    small = io.BytesIO()
    Image.open(io.BytesIO(content)).convert("RGB").save(small, format="PNG", optimize=True)
    return small.getvalue()


if __name__ == "__main__":
    main(sys.argv[1:])
