"""Proofs that Coq's kernel has checked: the finite core of the theory, as `.v` files, and what asks Coq about them.

`Laws.v` has the definitions, one further file a topic; `<Topic>Wrong.v` has wrong versions of the topic's theorems, each
with a proof of its negation. `theorems` says which theorem belongs to which statement, `coq` compiles and asks, `checks`
makes each theorem a piece of evidence.
"""
