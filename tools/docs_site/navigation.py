"""Who reads what: the order of the pages. Pages that do not exist yet are passed over, and those that nobody named come last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from docs_site.markdown import title_of

# a page that is not named here appears below "More" until somebody gives it a place
GUIDES: Mapping[str, Sequence[str]] = {
    "Use predictions": ("pictures.md", "demo.md", "adapt.md", "networks-elsewhere.md"),
    "Study vision": ("your-data.md", "metrics.md", "classical.md", "displays.md"),
    "Train and compare": ("losses.md", "quests.md", "salgan.md", "dissection.md"),
}
# folders whose pages come by themselves, and what their tab is called
FOLDERS: Mapping[str, str] = {"models": "Model cards", "results": "Results", "decisions": "Decisions"}
LONGEST = 40  # characters that a title in the margin may have
HOME, START, HOUSE, CHANGES = "index.md", "start.md", "architecture.md", "changelog.md"

Nav = list[dict[str, object]]


def navigation(pages: Mapping[str, str]) -> Nav:
    """The tree of a site: sections, each a title with pages or further sections.

    Args:
        pages: every page of the site, path -> Markdown; generated ones included, in their order.
    """
    guides = [{title: _entries([name for name in names if name in pages], pages)} for title, names in GUIDES.items()]
    placed = {HOME, START, HOUSE, CHANGES, "commands.md", *(name for names in GUIDES.values() for name in names)}
    if more := [name for name in pages if "/" not in name and name not in placed]:
        guides.append({"More": _entries(more, pages)})
    tree: Nav = [
        {"Home": HOME},
        {"Five minutes": START},
        {"Guides": [section for section in guides if any(section.values())]},
        {"Catalogues": _entries(_below("catalogues", pages), pages)},
        *({title: _entries(_below(folder, pages), pages)} for folder, title in FOLDERS.items() if _below(folder, pages)),
        {"Reference": [{"Commands": "commands.md"}, {"Python": _entries(_below("python", pages), pages)}, {"The house": HOUSE}]},
        {"Changelog": CHANGES},
    ]
    return tree


def named_pages(tree: Nav) -> list[str]:
    """Every page that a tree names, in its order."""
    found: list[str] = []
    for entry in tree:
        for value in entry.values():
            found += [value] if isinstance(value, str) else named_pages(value)  # type: ignore[arg-type]
    return found


def _below(folder: str, pages: Mapping[str, str]) -> list[str]:
    """A folder's pages: its index first, written ones by their names, generated ones as they come."""
    found = [name for name in pages if name.startswith(f"{folder}/")]
    if folder in FOLDERS:
        found.sort(key=lambda name: name.removesuffix(".md"))
    return sorted(found, key=lambda name: not name.endswith("/index.md"))


def _entries(names: Sequence[str], pages: Mapping[str, str]) -> Nav:
    return [{_short(name, pages): name} for name in names]


def _short(name: str, pages: Mapping[str, str]) -> str:
    """A title for the margin: of a long one what stands before its colon."""
    if name.endswith("/index.md"):
        return "Overview"
    title = title_of(pages[name]) or name
    return title if len(title) <= LONGEST else title.split(": ")[0]
