(** Wrong versions of the theorems of [Tilt], each with a proof that it is false. *)

From Coq Require Import Reals List Lra.
From Coquelicot Require Import Coquelicot.
From Formal Require Import Sums Laws Basics Divergence Reweighting Paths Tilt Coin.
Import ListNotations.
Open Scope R_scope.

(** Wrong: a tilt reaches the maximum. *)
Definition lemma_D_4_at_the_maximum : Prop := forall points (p psi : bool -> R) M, prior points p -> maximum points psi M ->
  not_constant points psi -> exists b, mean points (tilt points p psi b) psi = M.
Theorem lemma_D_4_at_the_maximum_is_false : ~ lemma_D_4_at_the_maximum.
Proof.
  intros H; destruct (H sides coin score 1 coin_prior score_maximum score_varies) as (b & Hb).
  pose proof (tilted_mean_strict sides coin score b (b + 1) coin_prior score_varies ltac:(lra)).
  pose proof (mean_le sides (tilt sides coin score (b + 1)) score 1 (tilt_law _ _ _ _ coin_prior) (proj2 score_maximum)). lra.
Qed.

(** Wrong: a tilt by any b, negative ones too, is the only solution at its own level. *)
Definition lemma_D_4_of_either_sign : Prop := forall points (p psi : bool -> R) b, prior points p ->
  only_solution points p psi (mean points (tilt points p psi b) psi) (tilt points p psi b).
Theorem lemma_D_4_of_either_sign_is_false : ~ lemma_D_4_of_either_sign.
Proof.
  intros H; destruct (H sides coin score (-1) coin_prior) as (_ & _ & Hbest).
  destruct (Hbest coin (prior_law _ _ coin_prior)) as [Hle _]; [left; apply lower_mean; lra|].
  rewrite !KL_finite in Hle by (apply prior_dominates, coin_prior). simpl in Hle.
  rewrite kl_self in Hle. pose proof (kl_tilt_pos (-1) ltac:(lra)). lra.
Qed.

(** Wrong: the tilted mean grows strictly for a constant score too. *)
Definition remark_D_5_of_constants : Prop := forall points (p psi : bool -> R) b c, prior points p -> b < c ->
  mean points (tilt points p psi b) psi < mean points (tilt points p psi c) psi.
Theorem remark_D_5_of_constants_is_false : ~ remark_D_5_of_constants.
Proof.
  intros H; specialize (H sides coin (fun _ => 0) 0 1 coin_prior ltac:(lra)).
  assert (Hz : forall q, mean sides q (fun _ => 0) = 0) by (intros q; unfold mean; simpl; ring).
  rewrite !Hz in H; lra.
Qed.

(** Wrong: the Bregman form with the roles of the two multipliers exchanged. *)
Definition lemma_D_9_exchanged : Prop := forall points (p psi : bool -> R) b c, prior points p ->
  kl points (tilt points p psi b) (tilt points p psi c) = log_partition points p psi b - log_partition points p psi c -
    (b - c) * mean points (tilt points p psi b) psi.
Theorem lemma_D_9_exchanged_is_false : ~ lemma_D_9_exchanged.
Proof.
  intros H; specialize (H sides coin score 0 1 coin_prior).
  pose proof (kl_tilts sides coin score 0 1 coin_prior) as H1.
  pose proof (tilt_prior sides coin score 1 coin_prior) as Ht.
  destruct (kl_to_prior sides (tilt sides coin score 0) _ Ht (tilt_law _ _ _ _ coin_prior)) as [_ H2].
  apply (tilts_differ 0 1); [lra|apply H2; lra].
Qed.

(** Wrong: the bottleneck for a tilt downwards. *)
Definition theorem_F_7_downwards : Prop := forall points (p psi q : bool -> R) b, prior points p -> law points q ->
  mean points (tilt points p psi b) psi <= mean points q psi ->
  kl points (tilt points p psi b) p + kl points q (tilt points p psi b) <= kl points q p.
Theorem theorem_F_7_downwards_is_false : ~ theorem_F_7_downwards.
Proof.
  intros H; specialize (H sides coin score coin (-1) coin_prior (prior_law _ _ coin_prior)
    ltac:(left; apply lower_mean; lra)).
  rewrite kl_self in H. pose proof (kl_tilt_pos (-1) ltac:(lra)). pose proof (kl_back_pos (-1) ltac:(lra)). lra.
Qed.

(** Wrong: the bottleneck for a law that does not reach the level. *)
Definition theorem_F_7_below_the_level : Prop := forall points (p psi q : bool -> R) b, prior points p -> 0 <= b ->
  law points q -> kl points (tilt points p psi b) p + kl points q (tilt points p psi b) <= kl points q p.
Theorem theorem_F_7_below_the_level_is_false : ~ theorem_F_7_below_the_level.
Proof.
  intros H; specialize (H sides coin score coin 1 coin_prior ltac:(lra) (prior_law _ _ coin_prior)).
  rewrite kl_self in H. pose proof (kl_tilt_pos 1 ltac:(lra)). pose proof (kl_back_pos 1 ltac:(lra)). lra.
Qed.
