"""The lab: one page that computes both solutions live while the learner drags the world, and the command that opens it.

`lab.html` is built of `source` by `build.mjs` and kept beside it, so that only who changes the page needs Node.
"""
