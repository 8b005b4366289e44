"""Programs that turn results into tables and pictures: `compute` numbers, `draw` them, save with provenance."""
