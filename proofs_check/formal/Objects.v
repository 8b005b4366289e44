(** Lemmas E.1 and E.2, Theorem E.3 and ours, exact distortion: a task score beside the intrinsic one. *)

From Coq Require Import Reals List Lra.
From Coquelicot Require Import Coquelicot.
From Formal Require Import Sums Laws Basics Divergence Reweighting Paths Tilt.
Open Scope R_scope.

Section Objects.
Context {X : Type}.
Implicit Types (points : list X) (p q psi g f : X -> R) (b c tau kappa : R).

(** The tilt by a function: p exp(f)/(sum of p exp(f)). *)
Definition tilt_by points p f : X -> R := reweighted points p (fun x => exp (f x)).
Definition log_total points p f : R := ln (sum points (fun x => p x * exp (f x))).

Lemma total_pos points p f : prior points p -> 0 < sum points (fun x => p x * exp (f x)).
Proof.
  intros Hp; destruct (law_point _ _ (prior_law _ _ Hp)) as (y & Hy & Hlt). apply (sum_pos _ _ y); auto.
  - intros x Hx; apply Rmult_le_pos; [apply (prior_law _ _ Hp), Hx|apply Rlt_le, exp_pos].
  - apply Rmult_lt_0_compat; [exact Hlt|apply exp_pos].
Qed.

Lemma tilt_by_prior points p f : prior points p -> prior points (tilt_by points p f).
Proof.
  intros Hp; pose proof (total_pos points p f Hp) as HZ; split.
  - intros x Hx; apply Rdiv_lt_0_compat; [|exact HZ].
    apply Rmult_lt_0_compat; [apply (proj1 Hp), Hx|apply exp_pos].
  - apply reweighted_law; auto; intros; apply Rlt_le, exp_pos.
Qed.

Lemma gibbs_identity points p q f : prior points p -> law points q ->
  kl points q p = mean points q f - log_total points p f + kl points q (tilt_by points p f).
Proof.
  intros Hp Hq. rewrite (kl_reweighted points p q (fun x => exp (f x))); auto.
  - f_equal; f_equal. apply sum_ext; intros; rewrite ln_exp; reflexivity.
  - intros; apply Rlt_le, exp_pos.
  - apply total_pos, Hp.
  - intros x _ H; pose proof (exp_pos (f x)); lra.
Qed.

(** Lemma E.2: log E_p[exp f] is the largest E_q[f] - KL(q || p) over all laws q, attained only at p exp(f)/E_p[exp f]. *)
Theorem lemma_E_2 points p f : prior points p ->
  law points (tilt_by points p f) /\
  mean points (tilt_by points p f) f - kl points (tilt_by points p f) p = log_total points p f /\
  forall q, law points q -> mean points q f - kl points q p <= log_total points p f /\
    (mean points q f - kl points q p = log_total points p f -> same points q (tilt_by points p f)).
Proof.
  intros Hp. pose proof (tilt_by_prior points p f Hp) as Ht. pose proof (prior_law _ _ Ht) as Hl.
  split; [exact Hl|split].
  - rewrite (gibbs_identity points p _ f Hp Hl), kl_self; ring.
  - intros q Hq. rewrite (gibbs_identity points p q f Hp Hq).
    destruct (kl_to_prior points q _ Ht Hq) as [H0 H1]. split; [lra|intros H; apply H1; lra].
Qed.

Definition joint psi g b c : X -> R := fun x => b * psi x + c * g x.

Lemma mean_joint points q psi g b c :
  mean points q (joint psi g b c) = b * mean points q psi + c * mean points q g.
Proof. unfold mean, joint; rewrite <- !sum_times, <- sum_plus; apply sum_ext; intros; ring. Qed.

(** Lemma E.1, sufficiency: a joint tilt p exp(b psi + c g)/Z with b, c >= 0 that meets both constraints, with
    b (E[psi] - tau) = 0 and c (E[g] - kappa) = 0, is the only law of the least KL among all that meet them. *)
Theorem lemma_E_1 points p psi g b c tau kappa : prior points p -> 0 <= b -> 0 <= c ->
  let q := tilt_by points p (joint psi g b c) in
  tau <= mean points q psi -> kappa <= mean points q g ->
  b * (mean points q psi - tau) = 0 -> c * (mean points q g - kappa) = 0 ->
  forall r, law points r -> tau <= mean points r psi -> kappa <= mean points r g ->
    Rbar_le (KL points q p) (KL points r p) /\ (KL points r p = KL points q p -> same points r q).
Proof.
  intros Hp Hb Hc q Hpsi Hg Cb Cc r Hr Rpsi Rg.
  pose proof (tilt_by_prior points p (joint psi g b c) Hp) as Ht. fold q in Ht.
  rewrite !KL_finite by (apply prior_dominates, Hp). simpl.
  rewrite (gibbs_identity points p q (joint psi g b c) Hp (prior_law _ _ Ht)), (gibbs_identity points p r (joint psi g b c) Hp Hr).
  fold q. rewrite kl_self, !mean_joint. destruct (kl_to_prior points r q Ht Hr) as [H0 H1].
  pose proof (Rmult_le_compat_l b _ _ Hb Rpsi). pose proof (Rmult_le_compat_l c _ _ Hc Rg).
  split; [lra|intros E; injection E; intros He; apply H1; lra].
Qed.

(** Theorem E.3: a law q with E_q[g] >= kappa, whatever its E_q[psi], has KL(q || q_b) >= c kappa - log E_(q_b)[exp(c g)]
    for every c >= 0; the bound is positive for some c > 0 once kappa > E_(q_b)[g]. *)
Theorem theorem_E_3 points p psi g b kappa : prior points p ->
  let base := tilt points p psi b in
  (forall q c, law points q -> 0 <= c -> kappa <= mean points q g ->
     c * kappa - log_total points base (fun x => c * g x) <= kl points q base) /\
  (mean points base g < kappa -> exists c, 0 < c /\ 0 < c * kappa - log_total points base (fun x => c * g x)).
Proof.
  intros Hp base. pose proof (tilt_prior points p psi b Hp) as Ht. fold base in Ht. split.
  - intros q c Hq Hc Hk. rewrite (gibbs_identity points base q (fun x => c * g x) Ht Hq).
    pose proof (proj1 (kl_to_prior points q _ (tilt_by_prior points base (fun x => c * g x) Ht) Hq)).
    assert (Hm : mean points q (fun x => c * g x) = c * mean points q g).
    { unfold mean; rewrite <- sum_times; apply sum_ext; intros; ring. }
    rewrite Hm. pose proof (Rmult_le_compat_l c _ _ Hc Hk); lra.
  - intros Hk. set (h := fun c => c * kappa - log_partition points base g c).
    assert (Hd : derivable_pt_lim h 0 (kappa - mean points base g)).
    { apply is_derive_Reals. unfold h. auto_derive.
      - exists (mean points (tilt points base g 0) g); apply log_partition_derive, Ht.
      - replace (Derive (fun x => log_partition points base g x) 0) with (mean points (tilt points base g 0) g)
          by (symmetry; apply is_derive_unique, log_partition_derive, Ht).
        rewrite (mean_same points _ base g (tilt_zero points base g Ht)); ring. }
    destruct (Hd (kappa - mean points base g) ltac:(lra)) as (delta & Hdelta).
    pose proof (cond_pos delta). exists (delta / 2); split; [lra|].
    specialize (Hdelta (delta / 2) ltac:(lra) ltac:(rewrite Rabs_right; lra)).
    assert (Hh : h 0 = 0).
    { unfold h, log_partition, partition. rewrite (sum_ext _ _ base) by (intros; rewrite Rmult_0_l, exp_0; ring).
      rewrite (proj2 Ht), ln_1; ring. }
    rewrite Hh, Rplus_0_l in Hdelta. apply Rabs_def2 in Hdelta.
    change (0 < h (delta / 2)). replace (h (delta / 2)) with ((h (delta / 2) - 0) / (delta / 2) * (delta / 2)) by (field; lra).
    apply Rmult_lt_0_compat; lra.
Qed.

(** Ours, exact distortion: every c >= 0 and real b bound KL(q || q_beta) from below by c kappa + b tau -
    log E[exp(b psi + c g)], for every q with E_q[psi] = tau, E_q[g] >= kappa. Where the joint tilt by (b, c) is such a law
    with c (E[g] - kappa) = 0, it alone attains the least KL, and that is the value of the bound. *)
Theorem ours_exact_distortion points p psi g beta tau kappa : prior points p ->
  let base := tilt points p psi beta in
  let bound := fun b c => c * kappa + b * tau - log_total points base (joint psi g b c) in
  (forall q b c, law points q -> 0 <= c -> mean points q psi = tau -> kappa <= mean points q g ->
     bound b c <= kl points q base) /\
  (forall b c, 0 <= c -> let best := tilt_by points base (joint psi g b c) in
     mean points best psi = tau -> kappa <= mean points best g -> c * (mean points best g - kappa) = 0 ->
     kl points best base = bound b c /\
     (forall b' c', 0 <= c' -> bound b' c' <= bound b c) /\
     forall q, law points q -> mean points q psi = tau -> kappa <= mean points q g ->
       kl points q base = bound b c -> same points q best).
Proof.
  intros Hp base bound. pose proof (tilt_prior points p psi beta Hp) as Ht. fold base in Ht.
  assert (Hw : forall q b c, law points q -> 0 <= c -> mean points q psi = tau -> kappa <= mean points q g ->
    bound b c <= kl points q base).
  { intros q b c Hq Hc Hm Hk. unfold bound.
    rewrite (gibbs_identity points base q (joint psi g b c) Ht Hq), mean_joint, Hm.
    pose proof (proj1 (kl_to_prior points q _ (tilt_by_prior points base (joint psi g b c) Ht) Hq)).
    pose proof (Rmult_le_compat_l c _ _ Hc Hk); lra. }
  split; [exact Hw|]. intros b c Hc best Hm Hk Cc.
  pose proof (tilt_by_prior points base (joint psi g b c) Ht) as Hb. fold best in Hb.
  assert (Hv : kl points best base = bound b c).
  { unfold bound. rewrite (gibbs_identity points base best (joint psi g b c) Ht (prior_law _ _ Hb)), mean_joint, Hm.
    fold best; rewrite kl_self; lra. }
  split; [exact Hv|split].
  - intros b' c' Hc'. rewrite <- Hv. apply Hw; auto. apply prior_law, Hb.
  - intros q Hq Hqm Hqk He. destruct (kl_to_prior points q best Hb Hq) as [H0 H1]. apply H1.
    rewrite (gibbs_identity points base q (joint psi g b c) Ht Hq), mean_joint, Hqm in He. fold best in He.
    unfold bound in He. pose proof (Rmult_le_compat_l c _ _ Hc Hqk); lra.
Qed.

End Objects.
