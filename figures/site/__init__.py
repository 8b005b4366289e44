"""The documentation's site: hand-written pages, pages written from the registry and the code, and all that they load.

`dview site` puts a folder of Markdown together; mkdocs builds it. Nothing in it is loaded from a network.

- `assemble`: the folder, part by part.
- `statement_page`, `statement_index`: what belongs to a statement of the paper, from `proofs_check`.
- `api`, `commands_page`, `notation`: the reference.
- `written`: the pages under `docs/`, and which of them explain a statement.
- `prose`: sentences of the code, whose letters are ASCII, for readers.
- `vendored`: KaTeX and the shim that lets the search work in a page opened from a file.
- `linked`: a griffe extension; docstrings link the statements that they own.
- `built`: whether the built site loads nothing from elsewhere, no link of it is broken, and its mathematics is rendered.
"""
