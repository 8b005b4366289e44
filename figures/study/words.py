"""What raters are asked and told, the same for people and models.

Paper: Appendix K. What is asked; the wording here is ours.
"""

QUESTION = "What do the four pictures have in common? Name the one thing that is clearest in all of them."
"""What a rater is asked about a grid."""
SCORES = {
    1: "Nothing in common can be made out, or the pictures are too unclear to tell.",
    2: "Something in common can be guessed at, faintly.",
    3: "Something in common is there to see, and the pictures support it.",
    4: "What they have in common is obvious, and the pictures show it well.",
}
"""What each score means."""
SYSTEM = (
    "You look at one picture, a grid of two by two smaller pictures. Name the one concept that is clearest in all "
    "four, and leave out what only some of them show. Then say how clearly the pictures show it:\n"
    + "\n".join(f"{score} = {words}" for score, words in SCORES.items())
    + "\nReply with two lines and nothing else, the first with fewer than 20 words:\n"
    "concept: <what the four have in common>\nscore: <1, 2, 3 or 4>"
)
"""What a model is told once."""
REQUEST = (
    "The grid of four pictures. Name what they have in common and how clearly it shows, in two lines:\n"
    "concept: <a few words>\nscore: <1, 2, 3 or 4>"
)
"""What a model is told with each grid."""
