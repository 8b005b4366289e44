"""Evidence for the paper's statements, independent of the code that it checks. So far: high-precision oracles."""
