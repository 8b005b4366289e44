"""The documentation's site: hand-written pages, pages written from the registry and the code, and all that they load.

`dview site` puts a folder of Markdown together; mkdocs builds it. Nothing in it is loaded from a network.

- `assemble`: the folder, part by part.
- `statement_page` (with `statement_evidence`, `statement_links`) and `statement_index`: what belongs to a statement.
- `api`, `commands_page`, `notation`: the reference.
- `written`: the pages under `docs/`, and which of them explain a statement.
- `prose`: sentences of the code, whose letters are ASCII, for readers.
- `vendored`: KaTeX and the shim that lets the search work in a page opened from a file.
- `linked`: a griffe extension; docstrings link the statements that they own.
- `lab`: the built lab, told where the site is.
- `built`: whether a built site loads nothing from elsewhere, has no broken link, and has its mathematics rendered.
"""
