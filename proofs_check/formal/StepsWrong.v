(** Wrong versions of the theorems of [Steps], each with a proof that it is false. *)

From Coq Require Import Reals List Lra.
From Formal Require Import Sums Laws Basics Reweighting Truncation Steps Coin.
Import ListNotations.
Open Scope R_scope.

(** Wrong: the mean moves also where no point lies between the thresholds. *)
Definition ours_finite_step_without_points_between : Prop := forall points (p psi : bool -> R) t t', prior points p ->
  reached points psi t' -> t < t' ->
  mean points (truncation points p psi t) psi < mean points (truncation points p psi t') psi.

Lemma upper_mean t : 0 < t <= 1 -> mean sides (truncation sides coin score t) score = 1.
Proof.
  intros Ht; unfold mean, truncation, conditioned. fold (survival sides coin score t). rewrite coin_survival.
  unfold sides, above, score, coin; simpl. destruct (Rle_dec t 1), (Rle_dec t 0); try lra; field.
Qed.

Theorem ours_finite_step_without_points_between_is_false : ~ ours_finite_step_without_points_between.
Proof.
  intros H; specialize (H sides coin score (1/4) (1/2) coin_prior (coin_reached (1/2) ltac:(lra)) ltac:(lra)).
  rewrite !upper_mean in H; lra.
Qed.

(** Wrong: the thresholds may leave out a score. *)
Definition ours_nelson_aalen_with_gaps : Prop := forall points (p psi : bool -> R) t t', prior points p -> t < t' ->
  reached points psi t' -> hard_length points p psi t [t'] = nelson_aalen points p psi t [t'].
Theorem ours_nelson_aalen_with_gaps_is_false : ~ ours_nelson_aalen_with_gaps.
Proof.
  intros H; specialize (H sides coin score (-1) 1 coin_prior ltac:(lra) (coin_reached 1 ltac:(lra))). simpl in H.
  rewrite lemma_D_10 in H; [|apply coin_prior|lra|apply coin_reached; lra].
  assert (Ha : atom sides coin score (-1) = 0).
  { unfold atom, probability, sides, score; simpl. destruct (Req_EM_T 1 (-1)), (Req_EM_T 0 (-1)); lra. }
  rewrite Ha, !coin_survival in H.
  destruct (Rle_dec 1 1), (Rle_dec 1 0), (Rle_dec (-1) 1), (Rle_dec (-1) 0); lra.
Qed.
