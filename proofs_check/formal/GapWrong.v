(** Wrong versions of the theorems of [Gap], each with a proof that it is false. *)

From Coq Require Import Reals List Lra.
From Coquelicot Require Import Rbar.
From Formal Require Import Sums Laws Basics Divergence Reweighting Truncation Tilt Gap Coin.
Open Scope R_scope.

(** At a threshold below all scores the truncation is the coin itself. *)
Lemma whole : same sides (truncation sides coin score 0) coin.
Proof.
  intros x _; unfold truncation, conditioned; fold (survival sides coin score 0); rewrite coin_survival.
  unfold above, score; destruct (Rle_dec 0 1), (Rle_dec 0 0), x; try lra.
  - destruct (Rle_dec 0 1); [field|lra].
  - destruct (Rle_dec 0 0); [field|lra].
Qed.

(** Wrong: the solution at any level is nearer to p than the truncation. *)
Definition theorem_D_14_at_any_level : Prop := forall points (p psi q : bool -> R) t tau, prior points p ->
  reached points psi t -> only_solution points p psi tau q ->
  Rbar_le (KL points q p) (KL points (truncation points p psi t) p).
Theorem theorem_D_14_at_any_level_is_false : ~ theorem_D_14_at_any_level.
Proof.
  intros H. destruct (proj2 (lemma_D_4 sides coin score 1 (1/2) coin_prior score_maximum)) as (b & Hb & _ & _ & Hs & _).
  { rewrite coin_mean; lra. }
  specialize (H sides coin score _ 0 (1/2) coin_prior (coin_reached 0 ltac:(lra)) Hs).
  rewrite !KL_finite in H by (apply prior_dominates, coin_prior). simpl in H.
  rewrite (kl_same_zero sides _ coin whole) in H. pose proof (kl_tilt_pos b ltac:(lra)). lra.
Qed.

(** Wrong: the gap is KL(q_t || q_b) whatever the means. *)
Definition ours_gap_unmatched : Prop := forall points (p psi : bool -> R) t b, prior points p -> reached points psi t ->
  kl points (truncation points p psi t) p - kl points (tilt points p psi b) p =
  kl points (truncation points p psi t) (tilt points p psi b).
Theorem ours_gap_unmatched_is_false : ~ ours_gap_unmatched.
Proof.
  intros H; specialize (H sides coin score 0 1 coin_prior (coin_reached 0 ltac:(lra))).
  rewrite (kl_same_zero sides _ coin whole), (kl_same sides _ _ (tilt sides coin score 1) whole) in H.
  pose proof (kl_tilt_pos 1 ltac:(lra)). pose proof (kl_back_pos 1 ltac:(lra)). lra.
Qed.

(** Wrong: the gap is positive also where no point lies below t. *)
Definition ours_gap_always_positive : Prop := forall points (p psi : bool -> R) t b, prior points p ->
  reached points psi t -> mean points (tilt points p psi b) psi = mean points (truncation points p psi t) psi ->
  0 < kl points (truncation points p psi t) (tilt points p psi b).
Theorem ours_gap_always_positive_is_false : ~ ours_gap_always_positive.
Proof.
  intros H; specialize (H sides coin score 0 0 coin_prior (coin_reached 0 ltac:(lra))).
  assert (Hs : same sides (truncation sides coin score 0) (tilt sides coin score 0)).
  { intros x Hx; rewrite (whole x Hx); symmetry; apply tilt_zero; [apply coin_prior|exact Hx]. }
  rewrite (kl_same_zero sides _ _ Hs) in H. specialize (H (eq_sym (mean_same sides _ _ score Hs))). lra.
Qed.
