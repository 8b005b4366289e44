(** Wrong versions of the theorems of [Objects], each with a proof that it is false. *)

From Coq Require Import Reals List Lra.
From Coquelicot Require Import Coquelicot.
From Formal Require Import Sums Laws Basics Divergence Reweighting Paths Tilt Objects Coin.
Import ListNotations.
Open Scope R_scope.

(** Wrong: log E_p[exp f] is the smallest value. *)
Definition lemma_E_2_reversed : Prop := forall points (p q f : bool -> R), prior points p -> law points q ->
  log_total points p f <= mean points q f - kl points q p.
Theorem lemma_E_2_reversed_is_false : ~ lemma_E_2_reversed.
Proof.
  set (f := fun x => 1 * score x).
  intros H; specialize (H sides coin coin f coin_prior (prior_law _ _ coin_prior)).
  destruct (lemma_E_2 sides coin f coin_prior) as (_ & _ & Hb).
  destruct (Hb coin (prior_law _ _ coin_prior)) as [Hle Heq].
  apply (tilt_moves 1); [lra|]. intros x Hx; symmetry. apply (Heq ltac:(lra) x Hx).
Qed.

(** Wrong: a negative multiplier will do. *)
Definition lemma_E_1_of_either_sign : Prop := forall points (p psi g r : bool -> R) b c tau kappa, prior points p ->
  let q := tilt_by points p (joint psi g b c) in
  tau <= mean points q psi -> kappa <= mean points q g ->
  b * (mean points q psi - tau) = 0 -> c * (mean points q g - kappa) = 0 ->
  law points r -> tau <= mean points r psi -> kappa <= mean points r g -> Rbar_le (KL points q p) (KL points r p).
Theorem lemma_E_1_of_either_sign_is_false : ~ lemma_E_1_of_either_sign.
Proof.
  intros H. set (g := fun _ : bool => 0).
  assert (Hs : same sides (tilt_by sides coin (joint score g (-1) 0)) (tilt sides coin score (-1))).
  { intros x _; unfold tilt_by, reweighted, tilt, partition, joint, g.
    rewrite (sum_ext sides (fun y => coin y * exp (-1 * score y + 0 * 0)) (fun y => coin y * exp (-1 * score y)))
      by (intros y _; replace (-1 * score y + 0 * 0) with (-1 * score y) by ring; reflexivity).
    replace (-1 * score x + 0 * 0) with (-1 * score x) by ring; reflexivity. }
  assert (Hg : forall q, mean sides q g = 0) by (intros q; unfold mean, g; simpl; ring).
  specialize (H sides coin score g coin (-1) 0 (mean sides (tilt sides coin score (-1)) score) 0 coin_prior).
  cbv zeta in H. rewrite (mean_same sides _ _ score Hs), !Hg in H.
  specialize (H ltac:(lra) ltac:(lra) ltac:(lra) ltac:(lra) (prior_law _ _ coin_prior)
    ltac:(left; apply lower_mean; lra) ltac:(lra)).
  rewrite !KL_finite in H by (apply prior_dominates, coin_prior). simpl in H.
  rewrite kl_self, (kl_same sides _ _ coin Hs) in H. pose proof (kl_tilt_pos (-1) ltac:(lra)). lra.
Qed.

(** E[exp(- score)] <= 1 under every law, so that its logarithm is at most 0. *)
Lemma log_total_low p f : prior sides p -> (forall x, f x <= 0) -> log_total sides p f <= 0.
Proof.
  intros Hp Hf. unfold log_total. rewrite <- ln_1.
  assert (Hle : sum sides (fun x => p x * exp (f x)) <= 1).
  { rewrite <- (proj2 Hp). apply sum_le; intros x Hx. pose proof (proj1 Hp x Hx).
    assert (exp (f x) <= 1).
    { rewrite <- exp_0. destruct (Hf x) as [Hlt| ->]; [left; apply exp_increasing; exact Hlt|lra]. }
    replace (p x) with (p x * 1) at 2 by ring. apply Rmult_le_compat_l; lra. }
  pose proof (total_pos sides p f Hp) as Hpos. destruct Hle as [Hlt| ->]; [left; apply ln_increasing; lra|lra].
Qed.

(** Wrong: the bound holds for negative c too. *)
Definition theorem_E_3_of_either_sign : Prop := forall points (p psi g q : bool -> R) b c kappa, prior points p ->
  law points q -> kappa <= mean points q g ->
  c * kappa - log_total points (tilt points p psi b) (fun x => c * g x) <= kl points q (tilt points p psi b).
Theorem theorem_E_3_of_either_sign_is_false : ~ theorem_E_3_of_either_sign.
Proof.
  intros H. pose proof (tilt_prior sides coin score 0 coin_prior) as Ht.
  specialize (H sides coin score score (tilt sides coin score 0) 0 (-1) (-1) coin_prior (prior_law _ _ Ht)).
  rewrite (mean_same sides _ coin score (tilt_zero sides coin score coin_prior)), coin_mean, kl_self in H.
  specialize (H ltac:(lra)).
  pose proof (log_total_low _ (fun x => -1 * score x) Ht ltac:(intros [|]; unfold score; lra)). lra.
Qed.

(** Wrong: the bound is positive at kappa = E[g]. *)
Definition theorem_E_3_positive_without_demand : Prop := forall points (p g : bool -> R) kappa, prior points p ->
  mean points p g <= kappa -> exists c, 0 < c /\ 0 < c * kappa - log_total points p (fun x => c * g x).
Theorem theorem_E_3_positive_without_demand_is_false : ~ theorem_E_3_positive_without_demand.
Proof.
  intros H; destruct (H sides coin score (mean sides coin score) coin_prior ltac:(lra)) as (c & Hc & Hpos).
  destruct (lemma_E_2 sides coin (fun x => c * score x) coin_prior) as (_ & _ & Hb).
  destruct (Hb coin (prior_law _ _ coin_prior)) as [Hle _]. rewrite kl_self in Hle.
  assert (Hm : mean sides coin (fun x => c * score x) = c * mean sides coin score)
    by (unfold mean; rewrite <- sum_times; apply sum_ext; intros; ring).
  rewrite Hm in Hle. lra.
Qed.

(** Wrong: the dual bounds for negative c too. *)
Definition ours_exact_distortion_of_either_sign : Prop := forall points (p psi g q : bool -> R) b c tau kappa,
  prior points p -> law points q -> mean points q psi = tau -> kappa <= mean points q g ->
  c * kappa + b * tau - log_total points p (joint psi g b c) <= kl points q p.
Theorem ours_exact_distortion_of_either_sign_is_false : ~ ours_exact_distortion_of_either_sign.
Proof.
  intros H; specialize (H sides coin score score coin 0 (-1) (mean sides coin score) (-1) coin_prior
    (prior_law _ _ coin_prior) eq_refl ltac:(rewrite coin_mean; lra)).
  rewrite kl_self in H.
  pose proof (log_total_low _ (joint score score 0 (-1)) coin_prior ltac:(intros [|]; unfold joint, score; lra)). lra.
Qed.
