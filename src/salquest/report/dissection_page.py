"""The page on which a reader browses units: heat maps of layers by categories, best units, strongest pictures; one file, nothing loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from salquest.report.page import Section, page_templates


def dissection_page(
    *,
    title: str,
    introduction: str,
    about: str,
    findings: Sequence[tuple[str, str]],
    tables: Sequence[Section],
    explained: Mapping[str, str],
    sections: Sequence[Section],
    document: Mapping[str, Any],
    facts: Mapping[str, str],
) -> str:
    """The page of `salquest dissect`.

    Args:
        title, introduction: what was asked, of what.
        about: what a reader has to know of the scores.
        findings: what came out: what each sentence is about, and the sentence.
        tables: the numbers that they rest on.
        explained: word -> what it means on this page.
        sections: what stands behind the browser: drift, health.
        document: what the browser shows; see `dissection.page_document`.
        facts: what a reader needs to repeat it.

    Raises:
        ValueError: a number in the document that JSON does not have (NaN, infinity).
    """
    return str(
        page_templates()
        .get_template("dissection.html")
        .render(
            title=title,
            introduction=introduction,
            about=about,
            findings=findings,
            tables=tables,
            explained=explained,
            sections=sections,
            document=document,
            facts=facts,
        )
    )
