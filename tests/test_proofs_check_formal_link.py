"""The formal definitions are those of the program: `theory`'s functions, and Coq, against the exact transcription."""

import shutil
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distributional_view.proofs_check.formal import coq, exact
from distributional_view.theory import AtomicLaw, Hard, Klsc, finite_kl, finite_tv, kl, tv

POINTS = st.lists(st.tuples(st.integers(1, 9), st.integers(-3, 3)), min_size=2, max_size=6)
NEAR = {"rel": 1e-12, "abs": 1e-14}


def drawn(points: list[tuple[int, int]]) -> tuple[list[Fraction], list[int], AtomicLaw]:
    """Masses, scores, and the law of the score; ties stay separate points of the exact law."""
    total = sum(mass for mass, _ in points)
    masses, scores = [Fraction(mass, total) for mass, _ in points], [score for _, score in points]
    return masses, scores, AtomicLaw(np.array(scores, float), masses=np.array([float(m) for m in masses]))


def floats(masses: list[Fraction]) -> np.ndarray:
    return np.array([float(m) for m in masses])


@settings(max_examples=60, deadline=None)
@given(POINTS, st.integers(0, 5), st.integers(0, 5), st.integers(1, 9))
def test_truncations_are_those_of_the_theorems(points, first, second, quarters):
    p, psi, law = drawn(points)
    t, higher = sorted((psi[first % len(psi)], psi[second % len(psi)]))
    d = Fraction(quarters, 4)
    hard, other = Hard(law, float(t)), Hard(law, float(higher))
    q, r = exact.truncation(p, psi, Fraction(t)), exact.truncation(p, psi, Fraction(higher))
    assert np.exp(hard.log_ratio(np.array(psi, float))) * floats(p) == pytest.approx(floats(q), **NEAR)
    assert hard.boundary_mass(float(t), float(d)) == pytest.approx(
        float(exact.boundary_mass(q, psi, Fraction(t), d)), **NEAR
    )
    assert tv(hard, other) == pytest.approx(float(exact.total_variation(q, r)), **NEAR)
    assert hard.kl == pytest.approx(float(exact.kl(q, p)), **NEAR)
    assert kl(hard, other) == pytest.approx(float(exact.kl(q, r)), **NEAR)  # infinite where a point lies between
    assert kl(other, hard) == pytest.approx(float(exact.kl(r, q)), **NEAR)


@settings(max_examples=60, deadline=None)
@given(POINTS, st.integers(1, 3), st.integers(0, 5), st.integers(1, 9))
def test_tilts_are_those_of_the_theorems(points, doublings, first, quarters):
    p, psi, law = drawn(points)
    t, d = Fraction(psi[first % len(psi)]), Fraction(quarters, 4)
    soft, q = Klsc(law, doublings * np.log(2.0)), exact.tilt(p, psi, doublings)
    assert np.exp(soft.log_ratio(np.array(psi, float))) * floats(p) == pytest.approx(floats(q), rel=1e-12)
    assert soft.boundary_mass(float(t), float(d)) == pytest.approx(float(exact.boundary_mass(q, psi, t, d)), **NEAR)
    assert soft.kl == pytest.approx(float(exact.kl(q, p)), rel=1e-10, abs=1e-13)
    hard, r = Hard(law, float(t)), exact.truncation(p, psi, t)
    assert kl(hard, soft) == pytest.approx(float(exact.kl(r, q)), rel=1e-10, abs=1e-13)
    assert tv(hard, soft) == pytest.approx(float(exact.total_variation(r, q)), **NEAR)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=2, max_size=6))
def test_distances_between_any_two_laws_are_those_of_the_theorems(pairs):
    totals = [sum(column) for column in zip(*pairs, strict=True)]
    if 0 in totals:
        return
    q, p = (
        [Fraction(m, total) for m in column] for column, total in zip(zip(*pairs, strict=True), totals, strict=True)
    )
    assert finite_tv(floats(q), floats(p)) == pytest.approx(float(exact.total_variation(q, p)), **NEAR)
    assert finite_kl(floats(q), floats(p)) == pytest.approx(float(exact.kl(q, p)), rel=1e-10, abs=1e-13)


HEAD = """From Coq Require Import Reals List Lra.
From Formal Require Import Sums Laws.
Import ListNotations.
Open Scope R_scope.
Lemma doubled (k : nat) : exp (INR k * ln 2) = 2 ^ k.
Proof. change (Rpower 2 (INR k) = 2 ^ k). apply Rpower_pow; lra. Qed.
Ltac settle := repeat match goal with
  | |- context [Rle_dec ?a ?b] => destruct (Rle_dec a b); try (exfalso; lra)
  | |- context [Rlt_dec ?a ?b] => destruct (Rlt_dec a b); try (exfalso; lra)
  end.
"""


def number(x: Fraction) -> str:
    return f"({x.numerator} / {x.denominator})"


def function(values: list[Fraction]) -> str:
    """A function on 0, 1, ... as Coq writes it; 0 beyond."""
    return (
        "(fun x => match x with " + " ".join(f"| {k} => {number(v)}" for k, v in enumerate(values)) + " | _ => 0 end)"
    )


def claims(seed: int) -> str:
    """One example as Coq lemmas: each definition of `Laws.v` at these numbers has the transcription's value."""
    draw = np.random.default_rng(seed)
    size = 4
    masses = [int(m) for m in draw.integers(1, 9, size)]
    p = [Fraction(m, sum(masses)) for m in masses]
    psi = [int(s) for s in draw.integers(0, 4, size)]
    t, d = Fraction(max(psi)) - Fraction(int(draw.integers(0, 3)), 2), Fraction(int(draw.integers(1, 9)), 4)
    q, soft = exact.truncation(p, psi, t), exact.tilt(p, psi, 1)
    points = "[0; 1; 2; 3]%nat"
    score = function([Fraction(s) for s in psi])
    hard = f"(truncation {points} {function(p)} {score} {number(t)})"
    unfolded = "unfold truncation, conditioned, boundary_mass, survival, probability, above, shell, TV; simpl; settle"
    lines = [f"Goal {hard} {k}%nat = {number(q[k])}. Proof. {unfolded}; field. Qed." for k in range(size)]
    shell = exact.boundary_mass(p, psi, t, d)
    lines.append(
        f"Goal boundary_mass {points} {function(p)} {score} {number(t)} {number(d)} = {number(shell)}."
        f" Proof. {unfolded}; field. Qed."
    )
    distance = exact.total_variation(soft, p)
    lines.append(
        f"Goal TV {points} {function(soft)} {function(p)} = {number(distance)}. Proof. unfold TV; simpl;"
        " repeat match goal with |- context [Rabs ?a] => first [rewrite (Rabs_right a) by lra"
        " | rewrite (Rabs_left a) by lra] end; field. Qed."
    )
    powers = "; ".join(f"replace (1 * ln 2 * ({s} / 1)) with (INR {s} * ln 2) by (simpl; field)" for s in set(psi))
    lines += [
        f"Goal tilt {points} {function(p)} {score} (1 * ln 2) {k}%nat = {number(soft[k])}."
        f" Proof. unfold tilt, partition, sum; {powers}; rewrite ?doubled; simpl; field. Qed."
        for k in range(size)
    ]
    terms = " + (".join(f"{number(a)} * ln {number(a / b)}" for a, b in zip(soft, p, strict=True))
    lines.append(
        f"Goal kl {points} {function(soft)} {function(p)} = {terms} + 0{')' * (size - 1)}."
        " Proof. unfold kl; simpl; repeat (f_equal; try (field; fail)). Qed."
    )
    return "\n".join(lines)


@pytest.mark.skipif(shutil.which("coqc") is None, reason="Coq is not installed")
def test_coq_evaluates_its_definitions_to_the_transcription(tmp_path):
    coq.compiled(["Laws"], build=tmp_path)
    coq.run("Examples", HEAD + "\n".join(claims(seed) for seed in range(3)), tmp_path)
    wrong = claims(0).splitlines()[4].replace("boundary_mass", "2 * boundary_mass", 1)
    with pytest.raises(coq.Refused):
        coq.run("Wrong", HEAD + wrong, tmp_path)
