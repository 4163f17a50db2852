"""The documentation site: hand-written pages of docs/ and pages generated from the package, staged as Markdown for a site generator."""
