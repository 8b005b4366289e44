"""The one reader of tables: `read_table` for files, `table_of` for arrays; a column is a feature, a row an example."""

from distributional_view.tables.numbers import as_scores
from distributional_view.tables.read import SUFFIXES, read_table, table_of
from distributional_view.tables.table import Column, Table

__all__ = ["SUFFIXES", "Column", "Table", "as_scores", "read_table", "table_of"]
