"""The register of theorems: topic -> (label, theorem, what is wrong -> the wrong version that is proved false)."""

from collections.abc import Mapping

Row = tuple[str, str, Mapping[str, str]]

_DISTANCES: tuple[Row, ...] = (
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
    ("Lemma B.4", "lemma_B_4", {"a second argument that does not sum to 1": "lemma_B_4_of_masses"}),
)
_TRUNCATION: tuple[Row, ...] = (
    (
        "Lemma D.1",
        "lemma_D_1",
        {"a threshold above every score": "lemma_D_1_at_any_level", "the largest KL": "lemma_D_1_reversed"},
    ),
    ("Lemma D.6", "lemma_D_6", {"the complement": "lemma_D_6_complement"}),
    ("Lemma D.6", "lemma_D_6_limit", {"a limit of zero": "lemma_D_6_limit_vanishes"}),
    ("Lemma D.8", "lemma_D_8", {"no point between": "lemma_D_8_without_points_between"}),
    ("Ours: reverse KL", "ours_reverse_KL", {"thresholds in either order": "ours_reverse_KL_unordered"}),
    ("Lemma D.10", "lemma_D_10", {"thresholds in either order": "lemma_D_10_unordered"}),
)
_STEPS: tuple[Row, ...] = (
    ("Ours: finite step", "ours_finite_step", {"no point between": "ours_finite_step_without_points_between"}),
    ("Ours: Nelson-Aalen", "ours_nelson_aalen", {"a score left out": "ours_nelson_aalen_with_gaps"}),
)
_TILT: tuple[Row, ...] = (
    (
        "Lemma D.4",
        "lemma_D_4",
        {"the maximum as the level": "lemma_D_4_at_the_maximum", "b of either sign": "lemma_D_4_of_either_sign"},
    ),
    ("Remark D.5", "remark_D_5", {"a constant score": "remark_D_5_of_constants"}),
    ("Lemma D.9", "lemma_D_9", {"the multipliers exchanged": "lemma_D_9_exchanged"}),
    (
        "Theorem F.7",
        "theorem_F_7",
        {"b < 0": "theorem_F_7_downwards", "a law below the level": "theorem_F_7_below_the_level"},
    ),
)
_BOUNDARY: tuple[Row, ...] = (
    (
        "Lemma D.7",
        "lemma_D_7",
        {
            "b < 0": "lemma_D_7_downwards",
            "strict without a point at t": "lemma_D_7_strict_without_a_point_at_t",
        },
    ),
    ("Ours: all margins", "ours_all_margins", {"b < 0": "ours_all_margins_downwards"}),
)
_GAP: tuple[Row, ...] = (
    ("Theorem D.14", "theorem_D_14", {"a solution at any level": "theorem_D_14_at_any_level"}),
    (
        "Ours: gap",
        "ours_gap",
        {"means that do not match": "ours_gap_unmatched", "no point below t": "ours_gap_always_positive"},
    ),
)
_OBJECTS: tuple[Row, ...] = (
    ("Lemma E.1", "lemma_E_1", {"multipliers of either sign": "lemma_E_1_of_either_sign"}),
    ("Lemma E.2", "lemma_E_2", {"the smallest value": "lemma_E_2_reversed"}),
    (
        "Theorem E.3",
        "theorem_E_3",
        {
            "gamma < 0": "theorem_E_3_of_either_sign",
            "positive without demand": "theorem_E_3_positive_without_demand",
        },
    ),
    ("Ours: exact distortion", "ours_exact_distortion", {"gamma < 0": "ours_exact_distortion_of_either_sign"}),
)
REGISTER: Mapping[str, tuple[Row, ...]] = {
    "Divergence": _DISTANCES,
    "Truncation": _TRUNCATION,
    "Steps": _STEPS,
    "Tilt": _TILT,
    "Boundary": _BOUNDARY,
    "Gap": _GAP,
    "Objects": _OBJECTS,
    "Pools": (("Lemma F.1", "lemma_F_1", {"a limit of 1, ties or not": "lemma_F_1_without_ties"}),),
    "Gaussian": (("Proposition D.13", "proposition_D_13", {"negative thresholds": "proposition_D_13_at_every_level"}),),
}
