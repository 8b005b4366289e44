"""The abstract problem of Section 2.2.1, and the protocols: toy world (Appendices H, I), image experiments (J, L)."""

from distributional_view.proofs_check.statements.entry import APPLIES, DEFINED, EXACT, IDENTITY, PROTOCOL, WORDS, stated

PROBLEM = (
    stated(
        "Section 2.2.1",
        "the abstract problem",
        "definition",
        "An explanation minimises KL(q || p) under a constraint: what is scored, how faithfulness is asked for, and how"
        " q is realised are three separate choices.",
        {},
        "3",
        symbolic="a frame for the definitions that follow, without a formula of its own",
        certified="a frame for the definitions that follow, without a formula of its own",
        property="a frame whose cases are drawn under Definitions 2.1, 2.2 and 2.4",
        sampled="a frame whose methods are run under Appendices F and G",
        necessity=DEFINED,
        code="a frame, not a computation: its cases are Definitions 2.1, 2.2 and 2.4",
    ),
)

APPENDICES = (
    stated(
        "Appendix H",
        "the toy world and its two solutions at one mean",
        "algorithm",
        "Four equal modes, a score that grows with the angle from the diagonal; threshold and multiplier are calibrated"
        " to the same E[psi], then compared by the shell of margin delta and by the TV between targets tau and tau"
        " + d tau.",
        {
            "targets in range": (
                "The targets lie between E_p[psi] and the largest score.",
                "a protocol asserts nothing that could fail",
            ),
        },
        "194-205",
        certified=APPLIES,
        property="one law with fixed constants: nothing to draw; other laws are under Lemmas D.6 to D.12",
        sampled="its Monte Carlo protocol estimates values that are certified: Table 2 prints both side by side",
        necessity=PROTOCOL,
    ),
    stated(
        "Appendix I",
        "the samplers compared at one mean",
        "algorithm",
        "Retrieval keeps the prefix of a sorted pool whose mean is the target, optimisation penalises x_2^2, EnergyDPS"
        " uses the closed score of the noised mixture; all are judged by the KL of a kernel density estimate.",
        {
            "finite pool": (
                "The pool is finite.",
                "a protocol asserts nothing that could fail",
            ),
            "Gaussian mixture": (
                "The mixture is Gaussian.",
                "a protocol asserts nothing that could fail",
            ),
        },
        "206-212",
        certified=IDENTITY,
        property="a protocol on one world: its parts are drawn under Lemma F.1 and Lemma F.2",
        sampled="its methods are run under Lemma F.2, Theorem G.3 and Algorithm 1",
        necessity=PROTOCOL,
    ),
    stated(
        "Appendix J.2",
        "mix reduction and cap",
        "definition",
        "The score of a picture is 0.7 times the largest plus 0.3 times the mean activation of the feature's map;"
        " above a cap the guidance of a step is zero.",
        {},
        "213",
        symbolic=WORDS,
        certified=WORDS,
        property="a score of pictures, which `theory` has none of; tested with the backends",
        sampled=EXACT,
        necessity=DEFINED,
    ),
    stated(
        "Appendix J.3",
        "the baselines of the image experiments",
        "algorithm",
        "MACO ascends from pixels; DiffExplainer optimises soft prompt tokens behind a fixed prefix.",
        {},
        "214",
        symbolic=WORDS,
        certified=WORDS,
        property="methods of other papers on pictures: nothing to draw here",
        sampled="methods of other papers: what they are instances of is run under Lemma F.2",
        necessity=PROTOCOL,
        code="methods of other papers, one with a text-conditioned generator: none is part of the project",
    ),
    stated(
        "Appendix L.5",
        "guidance by an added task score",
        "algorithm",
        "EnergyDPS guided by psi + gamma g; g is the likeness to a text, or minus the mean squared distance to a"
        " reference.",
        {},
        "215-216",
        symbolic="its target is Lemma E.1's joint tilt, shown there",
        certified="its target is Lemma E.1's joint tilt: no digit of its own",
        property="its target is Lemma E.1's joint tilt, drawn there",
        sampled="a sampler of Lemma E.1's tilt: sampling with an added score is run under Algorithm 1",
        necessity=PROTOCOL,
    ),
)
