(** Wrong versions of the theorems of [Boundary], each with a proof that it is false. *)

From Coq Require Import Reals List Lra.
From Formal Require Import Sums Laws Basics Truncation Boundary Coin.
Import ListNotations.
Open Scope R_scope.

Lemma exp_minus_1 : 0 < exp (-1) < 1.
Proof. split; [apply exp_pos|]. rewrite <- exp_0; apply exp_increasing; lra. Qed.

Lemma downwards : boundary_mass sides (truncation sides coin score 0) score 0 1 <
  boundary_mass sides (tilt sides coin score (-1)) score 0 1.
Proof.
  destruct (boundary_tilt sides coin score 0 1 (-1) coin_prior (coin_reached 0 ltac:(lra)) ltac:(lra)) as [-> Hw].
  destruct (boundary_hard sides coin score 0 1 coin_prior (coin_reached 0 ltac:(lra)) ltac:(lra)) as [-> Hu].
  apply share_strict; [exact Hu|exact Hw|].
  unfold weight, probability, shell, above, sides, coin, score; simpl.
  destruct (Rle_dec 0 1), (Rle_dec 0 0), (Rlt_dec 1 (0 + 1)), (Rlt_dec 0 (0 + 1)), (Rle_dec (0 + 1) 1),
    (Rle_dec (0 + 1) 0); try lra.
  replace (-1 * 1) with (-1) by ring. rewrite Rmult_0_r, exp_0. pose proof exp_minus_1; lra.
Qed.

(** Wrong: the order of boundary masses for tilts downwards. *)
Definition ours_all_margins_downwards : Prop := forall points (p psi : bool -> R) t d b, prior points p ->
  reached points psi t -> 0 < d ->
  boundary_mass points (tilt points p psi b) psi t d <= boundary_mass points (truncation points p psi t) psi t d.
Theorem ours_all_margins_downwards_is_false : ~ ours_all_margins_downwards.
Proof.
  intros H; specialize (H sides coin score 0 1 (-1) coin_prior (coin_reached 0 ltac:(lra)) ltac:(lra)).
  pose proof downwards; lra.
Qed.

(** The jump at 0, for any law on the two sides, is the boundary mass of the shell [0, 1). *)
Lemma jump (q : bool -> R) : atom sides q score 0 / survival sides q score 0 = boundary_mass sides q score 0 1.
Proof.
  unfold boundary_mass; f_equal. unfold atom, probability, shell, sides, score; simpl.
  destruct (Req_EM_T 1 0), (Req_EM_T 0 0), (Rle_dec 0 1), (Rle_dec 0 0), (Rlt_dec 1 (0 + 1)), (Rlt_dec 0 (0 + 1)); lra.
Qed.

(** Wrong: the order of the jumps for tilts downwards. *)
Definition lemma_D_7_downwards : Prop := forall points (p psi : bool -> R) t b, prior points p -> reached points psi t ->
  atom points (tilt points p psi b) psi t / survival points (tilt points p psi b) psi t <=
  atom points p psi t / survival points p psi t.
Theorem lemma_D_7_downwards_is_false : ~ lemma_D_7_downwards.
Proof.
  intros H; specialize (H sides coin score 0 (-1) coin_prior (coin_reached 0 ltac:(lra))). rewrite !jump in H.
  pose proof downwards as H1.
  destruct (boundary_hard sides coin score 0 1 coin_prior (coin_reached 0 ltac:(lra)) ltac:(lra)) as [Hh _].
  assert (Hc : boundary_mass sides coin score 0 1 = boundary_mass sides (truncation sides coin score 0) score 0 1).
  { rewrite Hh. unfold boundary_mass; rewrite (survival_shell sides coin score 0 1) by lra; reflexivity. }
  lra.
Qed.

(** Wrong: the order is strict without a point at t. *)
Definition lemma_D_7_strict_without_a_point_at_t : Prop := forall points (p psi : bool -> R) t b, prior points p ->
  0 < b -> (exists y, In y points /\ t < psi y) ->
  atom points (tilt points p psi b) psi t / survival points (tilt points p psi b) psi t <
  atom points p psi t / survival points p psi t.
Theorem lemma_D_7_strict_without_a_point_at_t_is_false : ~ lemma_D_7_strict_without_a_point_at_t.
Proof.
  intros H; specialize (H sides coin score (1/2) 1 coin_prior ltac:(lra)).
  assert (Hz : forall q, atom sides q score (1/2) = 0).
  { intros q; unfold atom, probability, sides, score; simpl.
    destruct (Req_EM_T 1 (1/2)), (Req_EM_T 0 (1/2)); lra. }
  rewrite !Hz in H. unfold Rdiv in H; rewrite !Rmult_0_l in H.
  apply (Rlt_irrefl 0), H. exists true; unfold score; simpl; split; [auto|lra].
Qed.
