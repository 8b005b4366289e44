(** Definitions B.2 and B.3, and Lemma B.4: the two distances between laws on a finite set. *)

From Coq Require Import Reals List Lra.
From Coquelicot Require Import Rbar.
From Formal Require Import Sums Laws Basics Logarithm.
Open Scope R_scope.

Section Divergence.
Context {X : Type}.
Implicit Types (points : list X) (p q : X -> R).

Lemma kl_nonneg points q p : law points q -> law points p -> dominated points q p -> 0 <= kl points q p.
Proof.
  intros [Hq Hq1] [Hp Hp1] Hd.
  replace 0 with (sum points (fun x => q x - p x)) by (rewrite sum_minus; lra).
  apply sum_le; intros x Hx; apply kl_term; auto; intros; apply Hd; assumption.
Qed.

Lemma kl_zero points q p :
  law points q -> law points p -> dominated points q p -> kl points q p = 0 -> same points q p.
Proof.
  intros [Hq Hq1] [Hp Hp1] Hd H0 x Hx.
  apply kl_term_equal; auto; try (intros; apply Hd; assumption).
  apply (sum_eq_terms points (fun x => q x - p x) (fun x => q x * ln (q x / p x))); auto.
  - intros y Hy; apply kl_term; auto; intros; apply Hd; assumption.
  - rewrite sum_minus; unfold kl in H0; lra.
Qed.

Lemma kl_self points p : kl points p p = 0.
Proof.
  unfold kl; rewrite (sum_ext _ _ (fun _ => 0)); [apply sum_zero|]; intros x _.
  destruct (Req_dec (p x) 0) as [->|H]; [ring|]. replace (p x / p x) with 1 by (field; exact H). rewrite ln_1; ring.
Qed.

(** Two laws that agree on the points are at divergence 0. *)
Lemma kl_same_zero points q p : same points q p -> kl points q p = 0.
Proof. intros H; rewrite (kl_same points q p p H); apply kl_self. Qed.

(** Definition B.2: KL(q || p) >= 0 for any two laws, infinite where q << p fails, and 0 only if they are the same. *)
Theorem definition_B_2 points q p : law points q -> law points p ->
  Rbar_le 0 (KL points q p) /\
  (~ dominated points q p -> KL points q p = p_infty) /\
  (KL points q p = 0 <-> same points q p).
Proof.
  intros Hq Hp; split; [|split]; [|apply KL_infinite|]; destruct (dominated_dec points q p) as [Hd|Hd].
  - rewrite KL_finite by exact Hd; apply kl_nonneg; assumption.
  - rewrite KL_infinite by exact Hd; exact I.
  - rewrite KL_finite by exact Hd; split.
    + intros H; injection H; apply kl_zero; assumption.
    + intros H; rewrite (kl_same_zero _ _ _ H); reflexivity.
  - rewrite KL_infinite by exact Hd; split; [discriminate|].
    intros H; exfalso; apply Hd; intros x Hx Hx0; rewrite (H x Hx); exact Hx0.
Qed.

(** The event {q > p}, where q is the larger of two laws. *)
Definition larger q p : X -> bool := fun x => if Rlt_dec (p x) (q x) then true else false.

Lemma excess points q p : law points q -> law points p ->
  probability points q (larger q p) - probability points p (larger q p) = TV points q p.
Proof.
  intros [_ Hq] [_ Hp]. unfold TV, probability, larger; rewrite <- sum_minus.
  assert (H : sum points (fun x => Rabs (q x - p x)) =
    sum points (fun x => 2 * ((if (if Rlt_dec (p x) (q x) then true else false) then q x else 0) -
       (if (if Rlt_dec (p x) (q x) then true else false) then p x else 0)) - (q x - p x))).
  { apply sum_ext; intros x _; destruct (Rlt_dec (p x) (q x)).
    - rewrite Rabs_right by lra; ring.
    - rewrite Rabs_left1 by lra; ring. }
  rewrite H, (sum_minus points _ (fun x => q x - p x)), sum_times, (sum_minus points q p), Hq, Hp; field.
Qed.

(** Definition B.3: no event tells two laws apart by more than TV, and {q > p} by exactly that. *)
Theorem definition_B_3 points q p : law points q -> law points p ->
  (forall B, Rabs (probability points q B - probability points p B) <= TV points q p) /\
  Rabs (probability points q (larger q p) - probability points p (larger q p)) = TV points q p.
Proof.
  intros Hq Hp.
  assert (Hle : forall B, probability points q B - probability points p B <= TV points q p).
  { intros B; rewrite <- excess by assumption; unfold probability; rewrite <- !sum_minus.
    apply sum_le; intros x _; unfold larger; destruct (B x), (Rlt_dec (p x) (q x)); lra. }
  assert (Hge : forall B, - TV points q p <= probability points q B - probability points p B).
  { intros B. assert (Hc : forall r, law points r -> probability points r B = 1 - probability points r (fun x => negb (B x))).
    { intros r [_ Hr]; rewrite <- Hr; unfold probability; rewrite <- sum_minus; apply sum_ext; intros x _.
      destruct (B x); simpl; ring. }
    rewrite (Hc q Hq), (Hc p Hp). pose proof (Hle (fun x => negb (B x))); lra. }
  assert (H0 : 0 <= TV points q p).
  { unfold TV; apply Rmult_le_pos; [lra|apply sum_nonneg; intros; apply Rabs_pos]. }
  split.
  - intros B; apply Rabs_le; split; [apply Hge|apply Hle].
  - rewrite excess by assumption; apply Rabs_right; lra.
Qed.

(** Pinsker's inequality in squares, for the real divergence. *)
Lemma pinsker_real points q p : law points q -> law points p -> dominated points q p ->
  2 * (TV points q p)² <= kl points q p.
Proof.
  intros [Hq Hq1] [Hp Hp1] Hd.
  set (r := fun x => q x * ln (q x / p x) - q x + p x).
  assert (Hr : forall x, In x points -> 0 <= r x).
  { intros x Hx; unfold r; pose proof (kl_term (q x) (p x) (Hq x Hx) (Hp x Hx) (Hd x Hx)); lra. }
  set (a := fun x => (2 * q x + 4 * p x) / 3).
  assert (Ha : forall x, In x points -> 0 <= a x).
  { intros x Hx; unfold a; pose proof (Hq x Hx); pose proof (Hp x Hx); lra. }
  assert (Hsa : sum points a = 2).
  { unfold a; rewrite sum_over, sum_plus, !sum_times, Hq1, Hp1; lra. }
  assert (Hsr : sum points r = kl points q p).
  { unfold r, kl; rewrite sum_plus, sum_minus, Hq1, Hp1; ring. }
  assert (Hterm : forall x, In x points -> Rabs (q x - p x) <= sqrt (a x) * sqrt (r x)).
  { intros x Hx. rewrite <- sqrt_mult by auto. rewrite <- sqrt_Rsqr_abs. apply sqrt_le_1_alt.
    unfold a, r. specialize (Hq x Hx). specialize (Hp x Hx). specialize (Hd x Hx).
    destruct Hp as [Hp|H0].
    - destruct Hq as [Hq|H1].
      + assert (Hx0 : 0 < q x / p x) by (apply Rdiv_lt_0_compat; assumption).
        pose proof (pinsker_term _ Hx0) as H.
        apply (Rmult_le_compat_l (p x * p x / 3)) in H;
          [|apply Rmult_le_pos; [apply Rmult_le_pos|]; lra].
        unfold Rsqr in *.
        replace ((q x - p x) * (q x - p x)) with (p x * p x / 3 * (3 * ((q x / p x - 1) * (q x / p x - 1))))
          by (field; lra).
        eapply Rle_trans; [exact H|]. right; field; lra.
      + rewrite <- H1; unfold Rsqr. replace (0 / p x) with 0 by (field; lra).
        assert (0 < p x * p x) by (apply Rmult_lt_0_compat; assumption). lra.
    - rewrite Hd by auto. rewrite <- H0. unfold Rsqr; lra. }
  assert (Hs : sum points (fun x => Rabs (q x - p x)) <= sum points (fun x => sqrt (a x) * sqrt (r x)))
    by (apply sum_le; exact Hterm).
  pose proof (cauchy_schwarz points (fun x => sqrt (a x)) (fun x => sqrt (r x))) as Hcs; simpl in Hcs.
  rewrite (sum_ext points (fun x => (sqrt (a x))²) a) in Hcs by (intros; apply Rsqr_sqrt; auto).
  rewrite (sum_ext points (fun x => (sqrt (r x))²) r) in Hcs by (intros; apply Rsqr_sqrt; auto).
  rewrite Hsa, Hsr in Hcs.
  assert (Hsq : (sum points (fun x => Rabs (q x - p x)))² <= (sum points (fun x => sqrt (a x) * sqrt (r x)))²).
  { apply Rsqr_incr_1; [exact Hs| |]; [apply sum_nonneg; intros; apply Rabs_pos|].
    eapply Rle_trans; [|exact Hs]; apply sum_nonneg; intros; apply Rabs_pos. }
  unfold TV; rewrite Rsqr_mult. unfold Rsqr at 1. lra.
Qed.

(** Lemma B.4 (Pinsker): TV(q, p) <= sqrt(KL(q || p)/2), the divergence in nats; trivial where it is infinite. *)
Theorem lemma_B_4 points q p : law points q -> law points p ->
  Rbar_le (TV points q p) (match KL points q p with Finite k => sqrt (k / 2) | _ => p_infty end).
Proof.
  intros Hq Hp; destruct (dominated_dec points q p) as [Hd|Hd].
  - rewrite KL_finite by exact Hd; simpl. pose proof (pinsker_real points q p Hq Hp Hd) as H.
    assert (0 <= TV points q p).
    { unfold TV; apply Rmult_le_pos; [lra|apply sum_nonneg; intros; apply Rabs_pos]. }
    rewrite <- (sqrt_Rsqr (TV points q p)) by assumption. apply sqrt_le_1_alt; lra.
  - rewrite KL_infinite by exact Hd; exact I.
Qed.

End Divergence.
