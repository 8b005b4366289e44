"""The report on a table of activations: reader, analysis, page, command."""
