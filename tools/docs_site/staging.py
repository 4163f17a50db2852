"""Everything that the site shows, in one folder of Markdown with its configuration: docs/, the changelog, and what is generated."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from docs_site.catalogues import catalogue_pages, catalogue_sizes
from docs_site.commands import command_page
from docs_site.links import LINK, is_elsewhere
from docs_site.markdown import blank_before_lists, cell, map_lines, table, title_of
from docs_site.navigation import CHANGES, FOLDERS, HOME, navigation
from docs_site.python_names import python_pages
from salquest import __version__

STYLE = Path(__file__).with_name("site.css")
_FOLDER_LEADS = {
    "models": "One card per network that ships: what it was trained on, what it reaches, where it fails.",
    "results": "What was measured, each with its command, hardware and time.",
    "decisions": "Where papers or programs disagree, or where a choice is ours, one page says why.",
}


def site_pages(root: Path) -> dict[str, str]:
    """Path in the site -> Markdown, of the repository at `root`: written pages, then generated ones."""
    docs = root / "docs"
    pages = {path.relative_to(docs).as_posix(): path.read_text(encoding="utf-8") for path in sorted(docs.rglob("*.md"))}
    for name, text in pages.items():
        pages[name] = _moved_links(text, docs / name, root)
    pages[HOME] = f"{pages[HOME].rstrip()}\n\n{_names()}\n"
    for folder, lead in _FOLDER_LEADS.items():
        below = [name for name in pages if name.startswith(f"{folder}/")]
        if below and f"{folder}/index.md" not in pages:
            pages[f"{folder}/index.md"] = _contents(FOLDERS[folder], lead, {name.split("/", 1)[1]: pages[name] for name in below})
    pages |= catalogue_pages(docs)
    pages["commands.md"] = command_page()
    pages |= python_pages()
    pages[CHANGES] = _moved_links((root / "CHANGELOG.md").read_text(encoding="utf-8"), root / "CHANGELOG.md", root)
    return {name: blank_before_lists(text).rstrip() + "\n" for name, text in pages.items()}


def stage(root: Path, out: Path) -> Path:
    """Write the pages, what they show, and the configuration into a folder, anew; the configuration's path comes back."""
    pages = site_pages(root)
    if out.exists():
        shutil.rmtree(out)
    content = out / "pages"
    for name, text in pages.items():
        (content / name).parent.mkdir(parents=True, exist_ok=True)
        (content / name).write_text(text, encoding="utf-8")
    for path in sorted((root / "docs").rglob("*")):
        if path.is_file() and path.suffix != ".md":
            target = content / path.relative_to(root / "docs")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    shutil.copyfile(STYLE, content / STYLE.name)
    # JSON is YAML: the generator reads it, and so does its elder, mkdocs-material
    config = out / "mkdocs.yml"
    config.write_text(json.dumps(_config(pages), indent=1, ensure_ascii=False), encoding="utf-8")
    return config


def _config(pages: Mapping[str, str]) -> dict[str, object]:
    def palette(scheme: str, wanted: str, icon: str, other: str) -> dict[str, object]:
        media = f"(prefers-color-scheme: {wanted})"
        return {"media": media, "scheme": scheme, "toggle": {"icon": f"lucide/{icon}", "name": f"Show it {other}"}}

    return {
        "site_name": "salquest",
        "site_description": "Predict where people look in a picture, train that under any loss, score it with numbers that can be compared.",
        "copyright": f"salquest {__version__} · MIT",
        "docs_dir": "pages",
        "site_dir": "site",
        "use_directory_urls": False,
        "strict": True,
        "theme": {
            "name": "material",
            "icon": {"logo": "lucide/eye"},
            "font": False,  # nothing is fetched, by the site no more than by the package
            "features": [
                "navigation.tabs",
                "navigation.sections",
                "navigation.indexes",
                "navigation.top",
                "toc.follow",
                "content.code.copy",
                "search.highlight",
            ],
            "palette": [palette("default", "light", "sun", "dark"), palette("slate", "dark", "moon", "light")],
        },
        "extra": {"generator": False},
        "extra_css": [STYLE.name],
        "plugins": {"search": {}, "offline": {}},
        "markdown_extensions": {
            "tables": {},
            "attr_list": {},
            "md_in_html": {},
            "toc": {"permalink": True, "toc_depth": 3},
            "pymdownx.superfences": {},
            "pymdownx.highlight": {"pygments_lang_class": True},
        },
        "nav": navigation(pages),
    }


def _moved_links(text: str, page: Path, root: Path) -> str:
    """Links to what the site has elsewhere or not at all: the changelog, a folder's contents, files of the repository."""
    docs = root / "docs"

    def moved(link: re.Match[str]) -> str:
        target, _, anchor = link[2].partition("#")
        if is_elsewhere(link[2]) or not target:
            return link[0]
        found = (page.parent / target).resolve()
        here = page.parent if page.is_relative_to(docs) else docs
        if found == root / "CHANGELOG.md":
            found = docs / CHANGES
        elif found.is_dir() and found.is_relative_to(docs):
            found = found / "index.md"
        elif not found.is_relative_to(docs):
            return link[1].strip("![]")  # a file of the source: its name stays, the link goes
        return f"{link[1]}({_relative(found, here)}{f'#{anchor}' if anchor else ''}{link[3] or ''})"

    return map_lines(text, lambda line: LINK.sub(moved, line))


def _relative(found: Path, here: Path) -> str:
    up = 0
    while not found.is_relative_to(here):
        here, up = here.parent, up + 1
    return "../" * up + found.relative_to(here).as_posix()


def _names() -> str:
    """The front page's last part: the catalogues, and how much each holds."""
    rows = [[f"[{what}]({page})", str(count)] for page, (what, count) in catalogue_sizes().items()]
    return f"## What it knows by name\n\n{table(['catalogue', 'entries'], rows)}"


def _contents(title: str, lead: str, pages: Mapping[str, str]) -> str:
    rows = [[f"[{cell(title_of(text))}]({name})"] for name, text in pages.items()]
    return f"# {title}\n\n{lead}\n\n" + "\n".join(f"- {row[0]}" for row in rows) + "\n"
