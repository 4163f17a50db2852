"""Build the documentation site from the repository: `make docs`, or `python tools/build_docs.py`, then open build/docs/site/index.html.

Pages of docs/ are shown as they are; catalogues, commands and the Python reference are made from the package. A link that leads nowhere, in
docs/ or in the site, ends the build. Nothing is fetched, neither while building nor by the pages.
"""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys
from pathlib import Path

from docs_site.links import broken_links
from docs_site.offline import fetched, keep_at_home
from docs_site.staging import stage

ROOT = Path(__file__).parents[1]


def main() -> int:
    """Stage the pages, look their links through, and have the site generator make HTML of them."""
    parser = argparse.ArgumentParser(description="Build the documentation site.")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "docs", help="pages/ and site/ are written anew in it")
    parser.add_argument("--stage-only", action="store_true", help="write the Markdown and the configuration, no HTML")
    given = parser.parse_args()
    config = stage(ROOT, given.out)
    told = [*broken_links(ROOT / "docs"), *broken_links(given.out / "pages")]
    for sentence in told:
        print(sentence, file=sys.stderr)
    if told or given.stage_only:
        return 1 if told else 0
    if importlib.util.find_spec("zensical") is None:
        print("the site is made by zensical, which is not installed: pip install 'salquest[docs]', or make docs", file=sys.stderr)
        return 2
    done = subprocess.run([sys.executable, "-m", "zensical", "build", "--strict", "--clean", "--config-file", str(config)], check=False)
    if done.returncode:
        return done.returncode
    keep_at_home(given.out / "site")
    told = fetched(given.out / "site")
    print("\n".join(told) if told else f"{given.out / 'site' / 'index.html'}", file=sys.stderr if told else sys.stdout)
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
