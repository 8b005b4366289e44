(** Calculus along the path of tilts: A' = mean, mean' = variance, and every level between is reached. *)

From Coq Require Import Reals List Lra.
From Coquelicot Require Import Coquelicot.
From Formal Require Import Sums Laws Basics Logarithm.
Open Scope R_scope.

Section Paths.
Context {X : Type}.
Implicit Types (points : list X) (p q psi f : X -> R) (t b : R).

(** The derivative of a sum. *)
Lemma sum_derive points (f f' : X -> R -> R) b :
  (forall x, In x points -> is_derive (f x) b (f' x b)) ->
  is_derive (fun c => sum points (fun x => f x c)) b (sum points (fun x => f' x b)).
Proof.
  induction points as [|a rest IH]; intros H; simpl.
  - apply (is_derive_const 0 b).
  - apply (is_derive_plus (fun c => f a c) (fun c => sum rest (fun x => f x c))); [apply H; left; reflexivity|].
    apply IH; intros x Hx; apply H; right; exact Hx.
Qed.

(** Two sums of weights: Z and its first two derivatives are of this form. *)
Definition weighted points p psi f b : R := sum points (fun x => f x * (p x * exp (b * psi x))).

Lemma weighted_derive points p psi f b :
  is_derive (weighted points p psi f) b (weighted points p psi (fun x => f x * psi x) b).
Proof.
  unfold weighted. apply (sum_derive points (fun x c => f x * (p x * exp (c * psi x)))
    (fun x c => f x * psi x * (p x * exp (c * psi x)))).
  intros x _; auto_derive; [exact I|ring].
Qed.

Lemma partition_weighted points p psi b : partition points p psi b = weighted points p psi (fun _ => 1) b.
Proof. apply sum_ext; intros; ring. Qed.

Lemma mean_tilt points p psi f b :
  mean points (tilt points p psi b) f = weighted points p psi f b / partition points p psi b.
Proof.
  unfold mean, tilt, weighted; rewrite <- sum_over; apply sum_ext; intros x _; unfold Rdiv; ring.
Qed.

Lemma partition_derive points p psi b :
  is_derive (partition points p psi) b (weighted points p psi psi b).
Proof.
  apply (is_derive_ext (weighted points p psi (fun _ => 1))).
  - intros c; symmetry; apply partition_weighted.
  - replace (weighted points p psi psi b) with (weighted points p psi (fun x => 1 * psi x) b); [apply weighted_derive|].
    apply sum_ext; intros; ring.
Qed.

(** A' = E_(q_b)[psi]. *)
Lemma log_partition_derive points p psi b : prior points p ->
  is_derive (log_partition points p psi) b (mean points (tilt points p psi b) psi).
Proof.
  intros Hp; rewrite mean_tilt. unfold log_partition.
  pose proof (partition_pos points p psi b Hp).
  evar_last.
  - apply (is_derive_comp ln (partition points p psi)); [|apply partition_derive].
    apply is_derive_Reals, derivable_pt_lim_ln; assumption.
  - unfold scal; simpl; unfold mult; simpl; unfold Rdiv; ring.
Qed.

Lemma variance_moments points q psi : law points q ->
  variance points q psi = mean points q (fun x => psi x * psi x) - mean points q psi * mean points q psi.
Proof.
  intros Hq. unfold variance. set (m := mean points q psi).
  transitivity (mean points q (fun x => psi x * psi x) - 2 * m * mean points q psi + m * m * sum points q).
  - unfold mean; rewrite <- !sum_times, <- sum_minus, <- sum_plus; apply sum_ext; intros; unfold Rsqr; ring.
  - rewrite (proj2 Hq); fold m; ring.
Qed.

(** (61)-(62): the derivative of the tilted mean is the variance under the tilt. *)
Lemma tilted_mean_derive points p psi b : prior points p ->
  is_derive (fun c => mean points (tilt points p psi c) psi) b (variance points (tilt points p psi b) psi).
Proof.
  intros Hp. pose proof (partition_pos points p psi b Hp) as HZ.
  apply (is_derive_ext (fun c => weighted points p psi psi c / partition points p psi c)).
  { intros c; symmetry; apply mean_tilt. }
  rewrite variance_moments by (apply tilt_law, Hp). rewrite !mean_tilt.
  evar_last.
  - apply is_derive_div; [apply weighted_derive|apply partition_derive|lra].
  - unfold minus, plus, opp, scal, mult; simpl; unfold mult; simpl; field; lra.
Qed.

Lemma variance_nonneg points q psi : law points q -> 0 <= variance points q psi.
Proof. intros Hq; apply sum_nonneg; intros x Hx; apply Rmult_le_pos; [apply (proj1 Hq), Hx|apply Rle_0_sqr]. Qed.

(** psi takes two values: it is not constant on the points. *)
Definition not_constant points psi : Prop := exists x y, In x points /\ In y points /\ psi x <> psi y.

Lemma variance_pos points q psi : prior points q -> not_constant points psi -> 0 < variance points q psi.
Proof.
  intros Hq (x & y & Hx & Hy & Hxy). set (m := mean points q psi).
  assert (Hz : exists z, In z points /\ psi z <> m).
  { destruct (Req_dec (psi x) m); [exists y; split; [exact Hy|congruence]|exists x; auto]. }
  destruct Hz as (z & Hz & Hzm). apply (sum_pos _ _ z); [| exact Hz |].
  - intros w Hw; apply Rmult_le_pos; [apply Rlt_le, (proj1 Hq), Hw|apply Rle_0_sqr].
  - apply Rmult_lt_0_compat; [apply (proj1 Hq), Hz|]. apply Rlt_0_sqr; fold m; lra.
Qed.

(** The tilted mean grows, strictly unless the score is constant. *)
Lemma tilted_mean_strict points p psi b1 b2 : prior points p -> not_constant points psi -> b1 < b2 ->
  mean points (tilt points p psi b1) psi < mean points (tilt points p psi b2) psi.
Proof.
  intros Hp Hn Hb.
  destruct (MVT_cor2 (fun c => mean points (tilt points p psi c) psi)
    (fun c => variance points (tilt points p psi c) psi) b1 b2 Hb) as (c & Hc & _).
  { intros c _; apply is_derive_Reals, tilted_mean_derive, Hp. }
  pose proof (variance_pos points (tilt points p psi c) psi (tilt_prior _ _ _ c Hp) Hn).
  assert (0 < variance points (tilt points p psi c) psi * (b2 - b1)) by (apply Rmult_lt_0_compat; lra). lra.
Qed.

(** The largest score. *)
Definition maximum points psi M : Prop := (exists x, In x points /\ psi x = M) /\ forall x, In x points -> psi x <= M.

(** How far the tilted mean can be from the maximum: at most 1/(b p(y)) for a maximiser y. *)
Lemma near_maximum points p psi M y b : prior points p -> maximum points psi M -> In y points -> psi y = M -> 0 < b ->
  M - mean points (tilt points p psi b) psi <= / (b * p y).
Proof.
  intros Hp [_ HM] Hy Hpsi Hb. set (W := sum points (fun x => p x * exp (b * (psi x - M)))).
  assert (Hpy : 0 < p y) by (apply (proj1 Hp), Hy).
  assert (HW : p y <= W).
  { replace (p y) with (p y * exp (b * (psi y - M))) by (rewrite Hpsi; replace (b * (M - M)) with 0 by ring; rewrite exp_0; ring).
    apply (sum_term points (fun x => p x * exp (b * (psi x - M)))); [|exact Hy].
    intros x Hx; apply Rmult_le_pos; [apply Rlt_le, (proj1 Hp), Hx|apply Rlt_le, exp_pos]. }
  assert (Hexp : forall x, exp (b * psi x) = exp (b * M) * exp (b * (psi x - M))).
  { intros x; rewrite <- exp_plus; f_equal; ring. }
  pose proof (exp_pos (b * M)) as He.
  assert (HZ : partition points p psi b = exp (b * M) * W).
  { unfold partition, W; rewrite <- sum_times; apply sum_ext; intros x _; rewrite Hexp; ring. }
  assert (Hm : M - mean points (tilt points p psi b) psi =
    sum points (fun x => p x * exp (b * (psi x - M)) * (M - psi x)) / W).
  { rewrite mean_tilt, HZ.
    assert (Hw : weighted points p psi psi b = exp (b * M) * (M * W - sum points (fun x => p x * exp (b * (psi x - M)) * (M - psi x)))).
    { unfold weighted, W; rewrite <- sum_times, <- sum_minus, <- sum_times; apply sum_ext; intros x _; rewrite Hexp; ring. }
    rewrite Hw; field; split; lra. }
  rewrite Hm.
  assert (Hs : sum points (fun x => p x * exp (b * (psi x - M)) * (M - psi x)) <= / b).
  { replace (/ b) with (sum points (fun x => p x * / b)) by (rewrite sum_times_r, (proj2 Hp); ring).
    apply sum_le; intros x Hx. rewrite Rmult_assoc. apply Rmult_le_compat_l; [apply Rlt_le, (proj1 Hp), Hx|].
    specialize (HM x Hx). set (u := M - psi x) in *.
    replace (psi x - M) with (- u) by (unfold u; ring). replace (b * - u) with (- (b * u)) by ring.
    rewrite exp_Ropp. pose proof (exp_ge (b * u)) as H1. pose proof (exp_pos (b * u)) as H2.
    apply (Rmult_le_reg_l (b * exp (b * u))); [apply Rmult_lt_0_compat; assumption|].
    replace (b * exp (b * u) * (/ exp (b * u) * u)) with (b * u) by (field; lra).
    replace (b * exp (b * u) * / b) with (exp (b * u)) by (field; lra). lra. }
  assert (0 < / W) by (apply Rinv_0_lt_compat; lra).
  assert (/ W <= / p y) by (apply Rinv_le_contravar; assumption).
  assert (0 < / b) by (apply Rinv_0_lt_compat, Hb).
  rewrite Rinv_mult. unfold Rdiv.
  apply Rle_trans with (/ b * / W); [apply Rmult_le_compat_r|apply Rmult_le_compat_l]; lra.
Qed.

(** Every level strictly between mean and maximum is reached by exactly one tilt, with b > 0. *)
Lemma level_exists points p psi M tau : prior points p -> maximum points psi M -> mean points p psi < tau < M ->
  exists b, 0 < b /\ mean points (tilt points p psi b) psi = tau.
Proof.
  intros Hp HM [Hlo Hhi]. pose proof HM as [(y & Hy & Hpsi) _].
  assert (Hpy : 0 < p y) by (apply (proj1 Hp), Hy).
  set (top := 2 / ((M - tau) * p y)).
  assert (Hd : 0 < (M - tau) * p y) by (apply Rmult_lt_0_compat; lra).
  assert (Htop : 0 < top) by (apply Rdiv_lt_0_compat; lra).
  pose proof (near_maximum points p psi M y top Hp HM Hy Hpsi Htop) as Hn.
  replace (/ (top * p y)) with ((M - tau) / 2) in Hn by (unfold top; field; split; lra).
  set (g := fun c => mean points (tilt points p psi c) psi - tau).
  assert (Hg0 : g 0 < 0).
  { unfold g; rewrite (mean_same points _ p psi (tilt_zero points p psi Hp)); lra. }
  assert (Hg1 : 0 < g top) by (unfold g; lra).
  assert (Hc : continuity g).
  { intros c; apply derivable_continuous_pt; exists (variance points (tilt points p psi c) psi).
    apply is_derive_Reals. unfold g.
    evar_last; [apply (is_derive_minus (fun z => mean points (tilt points p psi z) psi) (fun _ => tau)); [apply tilted_mean_derive, Hp|apply is_derive_const]|].
    unfold minus, plus, opp, zero; simpl; ring. }
  destruct (IVT g 0 top Hc Htop Hg0 Hg1) as (b & [Hb0 Hb1] & Hb). exists b; split.
  - destruct Hb0 as [Hb0|Hb0]; [exact Hb0|]. subst b; lra.
  - unfold g in Hb; lra.
Qed.

End Paths.
