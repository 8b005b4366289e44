"""Evidence for every statement, independent of the code that it checks; `python -m proofs_check` runs it."""
