"""What the lab's JavaScript must reproduce: every quantity that the page computes, written by `theory` and `toy`.

python -m distributional_view.figures.lab.reference [--out tests/lab/reference.json]

Worlds are given by their modes, pools by their scores or by the seed from which both languages draw them.
"""
