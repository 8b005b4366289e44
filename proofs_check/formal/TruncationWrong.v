(** Wrong versions of the theorems of [Truncation], each with a proof that it is false. *)

From Coq Require Import Reals List Lra.
From Coquelicot Require Import Rbar.
From Formal Require Import Sums Laws Basics Divergence Reweighting Truncation Coin.
Import ListNotations.
Open Scope R_scope.

(** Wrong: a law lives on A_t also where no point reaches t. *)
Definition lemma_D_1_at_any_level : Prop := forall points (p psi : bool -> R) t, prior points p ->
  lives_on points (truncation points p psi t) (above psi t).
Theorem lemma_D_1_at_any_level_is_false : ~ lemma_D_1_at_any_level.
Proof.
  intros H; specialize (H sides coin score 2 coin_prior). destruct H as [_ H].
  unfold probability, above, score, sides in H; simpl in H.
  destruct (Rle_dec 2 1), (Rle_dec 2 0); lra.
Qed.

(** Wrong: the truncation has the largest KL. *)
Definition lemma_D_1_reversed : Prop := forall points (p psi q : bool -> R) t, prior points p -> reached points psi t ->
  lives_on points q (above psi t) -> Rbar_le (KL points q p) (- ln (survival points p psi t)).
Theorem lemma_D_1_reversed_is_false : ~ lemma_D_1_reversed.
Proof.
  intros H; specialize (H sides coin score (fun x : bool => if x then 1 else 0) 0 coin_prior).
  rewrite KL_finite in H by (apply prior_dominates, coin_prior). simpl in H.
  assert (Hl : lives_on sides (fun x : bool => if x then 1 else 0) (above score 0)).
  { split; [split; [intros [|] _; lra|simpl; lra]|]. unfold probability, above, score, sides; simpl.
    destruct (Rle_dec 0 1), (Rle_dec 0 0); lra. }
  specialize (H (coin_reached 0 ltac:(lra)) Hl). rewrite coin_survival in H.
  destruct (Rle_dec 0 1), (Rle_dec 0 0); try lra. replace (1/4 + 3/4) with 1 in H by lra. rewrite ln_1 in H.
  unfold kl, coin, sides in H; simpl in H. replace (1 / (1/4)) with 4 in H by field.
  assert (0 < ln 4) by (rewrite <- ln_1; apply ln_increasing; lra). lra.
Qed.

(** Wrong: M_d(q_t; t) = S(t + d)/S(t). *)
Definition lemma_D_6_complement : Prop := forall points (p psi : bool -> R) t d, prior points p -> reached points psi t ->
  0 <= d -> boundary_mass points (truncation points p psi t) psi t d = survival points p psi (t + d) / survival points p psi t.
Theorem lemma_D_6_complement_is_false : ~ lemma_D_6_complement.
Proof.
  intros H; specialize (H sides coin score 0 1 coin_prior (coin_reached 0 ltac:(lra)) ltac:(lra)).
  rewrite lemma_D_6 in H; [|apply coin_prior|apply coin_reached; lra|lra]. rewrite !coin_survival in H.
  destruct (Rle_dec (0 + 1) 1), (Rle_dec (0 + 1) 0), (Rle_dec 0 1), (Rle_dec 0 0); lra.
Qed.

(** Wrong: as the margin shrinks the boundary mass vanishes, also where points lie at t. *)
Definition lemma_D_6_limit_vanishes : Prop := forall points (p psi : bool -> R) t, prior points p -> reached points psi t ->
  exists e, 0 < e /\ forall d, 0 < d -> d <= e -> boundary_mass points (truncation points p psi t) psi t d = 0.
Theorem lemma_D_6_limit_vanishes_is_false : ~ lemma_D_6_limit_vanishes.
Proof.
  intros H; destruct (H sides coin score 1 coin_prior (coin_reached 1 ltac:(lra))) as (e & He & Hd).
  specialize (Hd e He (Rle_refl e)).
  rewrite lemma_D_6 in Hd; [|apply coin_prior|apply coin_reached; lra|lra]. rewrite !coin_survival in Hd.
  destruct (Rle_dec (1 + e) 1), (Rle_dec (1 + e) 0), (Rle_dec 1 1), (Rle_dec 1 0); lra.
Qed.

(** Wrong: two thresholds suffice, without a point in between. *)
Definition lemma_D_8_without_points_between : Prop := forall points (p psi : bool -> R) t1 t2, prior points p ->
  reached points psi t2 -> t1 < t2 ->
  KL points (truncation points p psi t1) (truncation points p psi t2) = p_infty.
Theorem lemma_D_8_without_points_between_is_false : ~ lemma_D_8_without_points_between.
Proof.
  intros H; specialize (H sides coin score (1/4) (1/2) coin_prior (coin_reached (1/2) ltac:(lra)) ltac:(lra)).
  rewrite KL_finite in H; [discriminate|].
  intros [|] _ H0; unfold truncation, conditioned, above, score in *.
  - exfalso. fold (survival sides coin score (1/2)) in H0.
    change (fun x : bool => if Rle_dec (1/2) (if x then 1 else 0) then true else false) with (above score (1/2)) in H0.
    fold (survival sides coin score (1/2)) in H0. rewrite coin_survival in H0.
    destruct (Rle_dec (1/2) 1), (Rle_dec (1/2) 0); try lra. unfold coin in H0. lra.
  - destruct (Rle_dec (1/4) 0); [lra|]. unfold Rdiv; ring.
Qed.

(** Wrong: the reverse KL is finite whatever the order of the thresholds. *)
Definition ours_reverse_KL_unordered : Prop := forall points (p psi : bool -> R) t1 t2, prior points p ->
  reached points psi t1 -> reached points psi t2 ->
  KL points (truncation points p psi t2) (truncation points p psi t1) =
  Finite (ln (survival points p psi t1 / survival points p psi t2)).
Theorem ours_reverse_KL_unordered_is_false : ~ ours_reverse_KL_unordered.
Proof.
  intros H; specialize (H sides coin score 1 0 coin_prior (coin_reached 1 ltac:(lra)) (coin_reached 0 ltac:(lra))).
  rewrite (lemma_D_8 sides coin score 0 1) in H; [discriminate|apply coin_prior|apply coin_reached; lra|].
  exists false; unfold score; simpl; split; [auto|lra].
Qed.

(** Wrong: TV = 1 - S(t')/S(t) whatever the order of the thresholds. *)
Definition lemma_D_10_unordered : Prop := forall points (p psi : bool -> R) t t', prior points p ->
  reached points psi t -> reached points psi t' ->
  TV points (truncation points p psi t) (truncation points p psi t') = 1 - survival points p psi t' / survival points p psi t.
Theorem lemma_D_10_unordered_is_false : ~ lemma_D_10_unordered.
Proof.
  intros H; specialize (H sides coin score 1 0 coin_prior (coin_reached 1 ltac:(lra)) (coin_reached 0 ltac:(lra))).
  assert (0 <= TV sides (truncation sides coin score 1) (truncation sides coin score 0)).
  { unfold TV; apply Rmult_le_pos; [lra|apply sum_nonneg; intros; apply Rabs_pos]. }
  rewrite !coin_survival in H. destruct (Rle_dec 0 1), (Rle_dec 0 0), (Rle_dec 1 1), (Rle_dec 1 0); lra.
Qed.
