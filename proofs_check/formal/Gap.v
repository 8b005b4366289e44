(** Theorem D.14 and ours, gap: what the hard solution pays beyond the KLSC solution at its own level. *)

From Coq Require Import Reals List Lra.
From Coquelicot Require Import Rbar.
From Formal Require Import Sums Laws Basics Divergence Reweighting Truncation Tilt.
Open Scope R_scope.

Section Gap.
Context {X : Type}.
Implicit Types (points : list X) (p q psi : X -> R) (t b tau : R).

(** Theorem D.14: a law q of the least KL among all laws of mean at least tau = E_(q_t)[psi] has KL(q || p) <=
    KL(q_t || p) = -log S(t), with equality only if q = q_t. *)
Theorem theorem_D_14 points p psi t q : prior points p -> reached points psi t ->
  only_solution points p psi (mean points (truncation points p psi t) psi) q ->
  Rbar_le (KL points q p) (KL points (truncation points p psi t) p) /\
  KL points (truncation points p psi t) p = Finite (- ln (survival points p psi t)) /\
  (KL points q p = KL points (truncation points p psi t) p <-> same points q (truncation points p psi t)).
Proof.
  intros Hp Ht (Hq & Hm & Hbest). pose proof (truncation_law points p psi t Hp Ht) as Hl.
  destruct (Hbest _ Hl (Rle_refl _)) as [Hle Heq].
  split; [exact Hle|split; [apply lemma_D_1; assumption|split]].
  - intros H x Hx; symmetry; apply Heq; auto.
  - intros H. rewrite !KL_finite by (apply prior_dominates, Hp). f_equal; apply kl_same, H.
Qed.

(** Ours, gap: if the tilt by b has the truncation's mean, KL(q_t || p) - KL(q_b || p) = KL(q_t || q_b), and this is
    positive if some point lies below t. *)
Theorem ours_gap points p psi t b : prior points p -> reached points psi t ->
  mean points (tilt points p psi b) psi = mean points (truncation points p psi t) psi ->
  kl points (truncation points p psi t) p - kl points (tilt points p psi b) p =
    kl points (truncation points p psi t) (tilt points p psi b) /\
  ((exists x, In x points /\ psi x < t) -> 0 < kl points (truncation points p psi t) (tilt points p psi b)).
Proof.
  intros Hp Ht Hm. pose proof (truncation_law points p psi t Hp Ht) as Hl. split.
  - rewrite (kl_tilt points p psi b Hp), (tilt_identity points p _ psi b Hp Hl), Hm; ring.
  - intros (x & Hx & Hlt).
    destruct (kl_to_prior points _ _ (tilt_prior points p psi b Hp) Hl) as [[H0|H0] H1]; [exact H0|].
    specialize (H1 (eq_sym H0) x Hx). pose proof (proj1 (tilt_prior points p psi b Hp) x Hx) as Hpos.
    rewrite <- H1 in Hpos. unfold truncation, conditioned, above in Hpos.
    destruct (Rle_dec t (psi x)); [lra|]. unfold Rdiv in Hpos; lra.
Qed.

End Gap.
