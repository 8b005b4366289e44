"""The register of theorems: topic -> (label, theorem, what is wrong -> the wrong version that is proved false)."""

from collections.abc import Mapping

REGISTER: Mapping[str, tuple[tuple[str, str, Mapping[str, str]], ...]] = {
    "Divergence": (
        (
            "Definition B.2",
            "definition_B_2",
            {
                "a second argument that does not sum to 1": "definition_B_2_of_masses",
                "the sign reversed": "definition_B_2_reversed",
            },
        ),
        (
            "Definition B.3",
            "definition_B_3",
            {
                "a first argument that does not sum to 1": "definition_B_3_of_masses",
                "half the distance": "definition_B_3_halved",
            },
        ),
        (
            "Lemma B.4",
            "lemma_B_4",
            {"a second argument that does not sum to 1": "lemma_B_4_of_masses"},
        ),
    ),
}
