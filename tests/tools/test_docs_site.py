"""The documentation site: catalogues name every entry, no link leads nowhere, every page has its place, and, slowly, it is built."""

from __future__ import annotations

import importlib
import re
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from salquest.cli.app import app
from salquest.cli.listing import catalogue_entries
from salquest.decoders import DECODERS
from salquest.displays import FAMILIES
from salquest.losses import PRESETS
from salquest.models.deep.network import NETWORKS

ROOT = Path(__file__).parents[2]
if str(ROOT / "tools") not in sys.path:
    sys.path.insert(0, str(ROOT / "tools"))

from docs_site import docstrings, links, markdown, navigation, offline, python_names, signatures, staging  # noqa: E402


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return staging.site_pages(ROOT)


@pytest.fixture
def written(tmp_path: Path):
    """A folder with some pages."""

    def write(**texts: str) -> Path:
        for name, text in texts.items():
            (tmp_path / f"{name}.md").write_text(text)
        return tmp_path

    return write


def named(name: str, page: str) -> bool:
    """Whether a row of a table is that entry's."""
    return f"\n| `{name}` |" in page or f"\n| [`{name}`](#{name}) |" in page


@pytest.mark.parametrize("kind", ["models", "losses", "metrics", "encoders", "datasets", "recipes"])
def test_a_catalogues_page_names_every_entry(pages: dict[str, str], kind: str) -> None:
    assert [name for name in catalogue_entries(kind) if not named(name, pages[f"catalogues/{kind}.md"])] == []


@pytest.mark.parametrize(("page", "names"), [("models", NETWORKS), ("losses", PRESETS), ("decoders", DECODERS), ("displays", FAMILIES)])
def test_so_do_those_without_a_list_command(pages: dict[str, str], page: str, names: dict) -> None:
    assert [name for name in names if not named(name, pages[f"catalogues/{page}.md"])] == []


def test_the_front_page_counts_what_there_is(pages: dict[str, str]) -> None:
    assert f"| [metrics](catalogues/metrics.md) | {len(catalogue_entries('metrics'))} |" in pages["index.md"]


@pytest.mark.parametrize("room", python_names.ROOMS)
def test_the_reference_has_every_public_name_of_a_room(pages: dict[str, str], room: str) -> None:
    names = python_names.public_names(import_module(f"salquest.{room}"))
    assert names
    assert [name for name in names if f"\n## {name}\n" not in pages[f"python/{room}.md"]] == []


def test_rooms_that_pages_import_from_are_in_the_reference(pages: dict[str, str]) -> None:
    shown = "\n".join(text for name, text in pages.items() if not name.startswith("python/"))
    assert set(re.findall(r"^from salquest\.(\w+)[. ]", shown, flags=re.MULTILINE)) <= set(python_names.ROOMS)


def test_every_command_is_in_the_reference_with_its_options(pages: dict[str, str]) -> None:
    named = re.findall(r"^app\.command\(.*name=\"(\w+)\"", (ROOT / "src/salquest/cli/app.py").read_text("utf-8"), flags=re.MULTILINE)
    assert len(named) > 10
    assert all(name in app for name in named)
    assert [name for name in named if f"\n## salquest {name}\n" not in pages["commands.md"]] == []
    assert "* `--overlay`: Write the map over its picture too" in pages["commands.md"]
    assert "`photos/**/*.jpg`" in pages["commands.md"]  # and not half of it in italics


def test_no_page_of_the_repository_links_what_is_not_there() -> None:
    assert links.broken_links(ROOT / "docs") == []


def test_nor_does_a_page_of_the_site(pages: dict[str, str], tmp_path: Path) -> None:
    config = staging.stage(ROOT, tmp_path / "site")
    assert links.broken_links(config.parent / "pages") == []
    assert (config.parent / "pages" / "images" / "predictions.jpg").exists()


def test_every_page_has_one_place_in_the_navigation(pages: dict[str, str]) -> None:
    assert sorted(navigation.named_pages(navigation.navigation(pages))) == sorted(pages)


def test_new_pages_find_their_place_and_absent_ones_are_not_missed(pages: dict[str, str]) -> None:
    new = {
        "models/mobile.md": "# mobile\n",
        "models/index.md": "# Cards\n",
        "demo.md": "# The demo: drop a picture, see where people would look\n",
        "surprise.md": "# Boo\n",
    }
    others = {name: text for name, text in pages.items() if name != "pictures.md" and not name.startswith("models/")}
    tree = navigation.navigation({**others, **new})
    sections = {title: entry for entry_ in tree for title, entry in entry_.items()}
    assert sections["Model cards"] == [{"Overview": "models/index.md"}, {"mobile": "models/mobile.md"}]
    guides = {title: entry for entry_ in sections["Guides"] for title, entry in entry_.items()}
    assert {"The demo": "demo.md"} in guides["Use predictions"]
    assert guides["More"] == [{"Boo": "surprise.md"}]
    assert "pictures.md" not in navigation.named_pages(tree)


def test_a_link_without_a_target_is_told_with_its_page(written) -> None:
    folder = written(
        one="# One\n[two](two.md#here) [no](three.md) `[code](four.md)` <https://example.org>", two="# Two\n## Here\n[x](#gone)"
    )
    assert links.broken_links(folder) == [
        "one.md links three.md: nothing is there",
        "two.md links #gone: two.md has no heading of that name",
    ]


def test_examples_in_code_are_no_links_and_pictures_are(written) -> None:
    folder = written(one='# One\n```text\n[a](b.md)\n```\n![picture](none.png "title")\n[![x](y.png)](z.md)\n<img alt="" src="w.png">')
    assert [told.split()[2] for told in links.broken_links(folder)] == ["none.png:", "z.md:", "y.png:", "w.png:"]


def test_an_anchor_counts_where_code_hosts_and_the_site_spell_it_alike() -> None:
    page = "# `code` and *more*\n## In Lightning, in pysaliency, at a benchmark\n## a - b\n```text\n# none\n```\n## Twice\n## Twice\n"
    assert markdown.anchors(page) == {"code-and-more", "in-lightning-in-pysaliency-at-a-benchmark", "twice"}


def test_a_list_behind_a_sentence_becomes_a_list_on_the_site() -> None:
    assert markdown.blank_before_lists("Decision.\n- a\n  more\n- b\n\n```text\nx\n- y\n```") == (
        "Decision.\n\n- a\n  more\n- b\n\n```text\nx\n- y\n```"
    )


def test_text_of_docstrings_is_no_markup() -> None:
    assert markdown.prose("10*kld - 2*cc, `a*b`, x < W [0]") == r"10\*kld - 2\*cc, `a*b`, x &lt; W \[0\]"
    assert markdown.cell("a | b\n`c | d`") == r"a \| b `c \| d`"


FIRST = {"first": "'x'"}


def test_a_signature_is_shown_as_it_would_be_written() -> None:
    def short(self: str, maps: Path, *, units: str = "nat") -> str | None:
        raise NotImplementedError

    def long(maps: Path, *, a: int = 1, what: dict[str, str] = FIRST, b: str = "a long string that fills the line") -> Path | None:
        raise NotImplementedError

    assert signatures.call("short", short) == "short(maps: Path, *, units: str = 'nat') -> str | None"
    assert signatures.call("long", long).splitlines() == [
        "long(",
        "    maps: Path,",
        "    *,",
        "    a: int = 1,",
        "    what: dict[str, str] = {'first': \"'x'\"},",
        "    b: str = 'a long string that fills the line',",
        ") -> Path | None",
    ]


def test_a_docstring_becomes_sections() -> None:
    def example() -> None:
        """Say it.

        Args:
            one: the first, which is
                long.
            two: the second.

        Returns:
            Nothing.

        >>> example()
        """

    assert docstrings.as_markdown(example.__doc__) == (
        "Say it.\n\n**Arguments**\n\n* `one`: the first, which is long.\n* `two`: the second.\n\n"
        "**Returns**\n\nNothing.\n\n```pycon\n>>> example()\n```"
    )


def test_what_a_page_would_load_from_elsewhere_is_told_but_not_its_links(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    shim = '<script src="https://unpkg.com/iframe-worker/shim" type="text/javascript"></script><a href="https://example.org">x</a>'
    (tmp_path / "deep" / "page.html").write_text(shim)
    (tmp_path / "index.html").write_text('<link href="//fonts.example.org/x.css" rel="stylesheet">')
    offline.keep_at_home(tmp_path)
    assert '<script src="../file_worker.js"' in (tmp_path / "deep" / "page.html").read_text()
    assert offline.fetched(tmp_path) == ["index.html would load //fonts.example.org/x.css"]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site's folder, built as `make docs` builds it."""
    if importlib.util.find_spec("zensical") is None:
        pytest.skip("zensical is not installed: pip install 'salquest[docs]'")
    out = tmp_path_factory.mktemp("docs")
    script = str(ROOT / "tools" / "build_docs.py")
    done = subprocess.run([sys.executable, script, "--out", str(out)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return out / "site"


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_site_is_built_without_a_warning_and_fetches_nothing(built: Path) -> None:
    assert offline.fetched(built) == []
    assert "What it knows by name" in (built / "index.html").read_text("utf-8")
    assert "<li>" in (built / "decisions" / "0012-networks-as-onnx.html").read_text("utf-8")


# types a word into the search, whose field lies in a closed shadow, and leaves what was found in the page's title
TYPED = """<head><script>
const attach = Element.prototype.attachShadow;
Element.prototype.attachShadow = function (how) { return attach.call(this, { ...how, mode: "open" }); };
const inner = (root) => [...root.querySelectorAll("*")].filter((e) => e.shadowRoot).map((e) => e.shadowRoot);
const all = (root, what) => [...root.querySelectorAll(what), ...inner(root).flatMap((shadow) => all(shadow, what))];
setTimeout(() => all(document, ".md-search__button").forEach((button) => button.click()), 3000);
setTimeout(() => {
  const field = all(document, "input[role=combobox], input[aria-label=Search]")[0];
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(field, "bhattacharyya");
  field.dispatchEvent(new Event("input", { bubbles: true, composed: true }));
}, 6000);
setTimeout(() => { document.title = all(document, "li").map((one) => one.textContent).filter((text) => text.includes("Bhatt")).join(" "); }, 12000);
</script>"""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_search_finds_a_loss_in_pages_opened_from_a_disk(built: Path, tmp_path: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no chromium is installed")
    page = built / "typed.html"
    page.write_text((built / "index.html").read_text("utf-8").replace("<head>", TYPED, 1), encoding="utf-8")
    alone = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}", "--virtual-time-budget=20000", "--dump-dom"]
    done = subprocess.run([browser, *alone, page.as_uri()], capture_output=True, text=True, timeout=300, check=False)
    assert "Jetley 2016" in done.stdout.split("<title>")[1].split("</title>")[0]
