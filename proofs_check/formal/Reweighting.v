(** The identity behind every minimum: KL(q || p) through a law p w/Z in between.

    Truncation is the case w = 1{psi >= t}, the tilt w = exp(b psi), the joint tilt w = exp(b psi + c g). *)

From Coq Require Import Reals List Lra.
From Coquelicot Require Import Rbar.
From Formal Require Import Sums Laws Basics Logarithm Divergence.
Open Scope R_scope.

Section Reweighting.
Context {X : Type}.
Implicit Types (points : list X) (p q w : X -> R) (B : X -> bool).

Lemma reweighted_law points p w :
  prior points p -> (forall x, In x points -> 0 <= w x) -> 0 < sum points (fun x => p x * w x) ->
  law points (reweighted points p w).
Proof.
  intros [Hp _] Hw HZ; split.
  - intros x Hx; apply Rmult_le_pos; [apply Rmult_le_pos; [apply Rlt_le|]; auto|].
    apply Rlt_le, Rinv_0_lt_compat, HZ.
  - unfold reweighted; rewrite sum_over; field; lra.
Qed.

(** For q without mass where w = 0: KL(q || p) = E_q[log w] - log Z + KL(q || p w/Z). *)
Lemma kl_reweighted points p q w :
  prior points p -> law points q -> (forall x, In x points -> 0 <= w x) ->
  0 < sum points (fun x => p x * w x) -> (forall x, In x points -> w x = 0 -> q x = 0) ->
  kl points q p =
    mean points q (fun x => ln (w x)) - ln (sum points (fun x => p x * w x)) +
    kl points q (reweighted points p w).
Proof.
  intros [Hp _] Hq Hw HZ H0. set (Z := sum points (fun x => p x * w x)) in *.
  rewrite <- (mean_const points q (ln Z) Hq). unfold kl, mean, reweighted; fold Z.
  rewrite <- sum_minus, <- sum_plus; apply sum_ext; intros x Hx.
  destruct (proj1 Hq x Hx) as [Hqx|<-]; [|ring].
  assert (Hwx : 0 < w x) by (destruct (Hw x Hx) as [|Heq]; [assumption|specialize (H0 x Hx (eq_sym Heq)); lra]).
  specialize (Hp x Hx).
  replace (q x / p x) with (w x * (/ Z * (q x / (p x * w x / Z)))) by (field; lra).
  assert (0 < q x / (p x * w x / Z)).
  { apply Rdiv_lt_0_compat; [exact Hqx|]. apply Rdiv_lt_0_compat; [apply Rmult_lt_0_compat|]; assumption. }
  assert (0 < / Z) by (apply Rinv_0_lt_compat; exact HZ).
  rewrite ln_mult, (ln_mult (/ Z)), (ln_Rinv Z) by (first [assumption | apply Rmult_lt_0_compat; assumption]). ring.
Qed.

(** Where w vanishes the reweighted law has no mass; it dominates what vanishes there too. *)
Lemma reweighted_dominates points p q w :
  prior points p -> 0 < sum points (fun x => p x * w x) -> (forall x, In x points -> w x = 0 -> q x = 0) ->
  dominated points q (reweighted points p w).
Proof.
  intros [Hp _] HZ H0 x Hx Heq; apply H0; [exact Hx|]. specialize (Hp x Hx).
  unfold reweighted in Heq. apply Rmult_integral in Heq; destruct Heq as [Heq|Heq].
  - apply Rmult_integral in Heq; destruct Heq; lra.
  - pose proof (Rinv_0_lt_compat _ HZ); lra.
Qed.

(** p given B is p reweighted with the indicator of B. *)
Definition indicator B : X -> R := fun x => if B x then 1 else 0.

Lemma indicator_total points p B : sum points (fun x => p x * indicator B x) = probability points p B.
Proof. apply sum_ext; intros x _; unfold indicator; destruct (B x); ring. Qed.

Lemma conditioned_reweighted points p B : same points (conditioned points p B) (reweighted points p (indicator B)).
Proof.
  intros x _; unfold conditioned, reweighted; rewrite indicator_total; unfold indicator; destruct (B x); f_equal; ring.
Qed.

Lemma kl_same_r points q p p' : same points p p' -> kl points q p = kl points q p'.
Proof. intros H; apply sum_ext; intros x Hx; rewrite (H x Hx); reflexivity. Qed.

(** A law that lives on B: q(B) = 1. *)
Definition lives_on points q B : Prop := law points q /\ probability points q B = 1.

Lemma lives_on_zero points q B : lives_on points q B -> forall x, In x points -> B x = false -> q x = 0.
Proof.
  intros [[Hq Hq1] HB] x Hx HBx.
  assert (H : (fun x => if B x then q x else 0) x = q x); [|simpl in H; rewrite HBx in H; auto].
  apply (sum_eq_terms points (fun x => if B x then q x else 0) q); auto.
  - intros y Hy; destruct (B y); [lra|apply Hq, Hy].
  - unfold probability in HB; rewrite HB; auto.
Qed.

Lemma conditioned_lives_on points p B :
  prior points p -> 0 < probability points p B -> lives_on points (conditioned points p B) B.
Proof.
  intros Hp HB; split; [apply conditioned_law; [apply prior_law|]; assumption|].
  unfold probability at 1. rewrite (sum_ext _ _ (conditioned points p B)).
  - apply (conditioned_law points p B); [apply prior_law|]; assumption.
  - intros x _; unfold conditioned; destruct (B x); [|unfold Rdiv]; ring.
Qed.

(** KL(q || p) = KL(q || p given B) - log p(B) for every q that lives on B. *)
Lemma conditional_identity points p q B :
  prior points p -> 0 < probability points p B -> lives_on points q B ->
  kl points q p = kl points q (conditioned points p B) - ln (probability points p B) /\
  dominated points q (conditioned points p B).
Proof.
  intros Hp HB Hq.
  assert (Hz : forall x, In x points -> indicator B x = 0 -> q x = 0).
  { intros x Hx H; apply (lives_on_zero points q B Hq x Hx).
    unfold indicator in H; destruct (B x); [lra|reflexivity]. }
  assert (HZ : 0 < sum points (fun x => p x * indicator B x)) by (rewrite indicator_total; exact HB).
  split.
  - rewrite (kl_reweighted points p q (indicator B)); auto; [|apply Hq|].
    + rewrite indicator_total, <- (kl_same_r points q _ _ (conditioned_reweighted points p B)).
      assert (Hm : mean points q (fun x => ln (indicator B x)) = 0); [|rewrite Hm; ring].
      unfold mean; rewrite (sum_ext _ _ (fun _ => 0)); [apply sum_zero|].
      intros x Hx; unfold indicator; destruct (B x) eqn:Hb; [rewrite ln_1; ring|].
      rewrite (lives_on_zero points q B Hq x Hx Hb); ring.
    + intros x _; unfold indicator; destruct (B x); lra.
  - intros x Hx H0; apply (reweighted_dominates points p q (indicator B)); auto.
    rewrite <- (conditioned_reweighted points p B x Hx); exact H0.
Qed.

(** The conditional minimum: among the laws that live on B, p given B is the only one of the least KL from p, which is
    -log p(B). *)
Theorem conditional_minimum points p q B :
  prior points p -> 0 < probability points p B -> lives_on points q B ->
  kl points (conditioned points p B) p = - ln (probability points p B) /\
  - ln (probability points p B) <= kl points q p /\
  (kl points q p = - ln (probability points p B) -> same points q (conditioned points p B)).
Proof.
  intros Hp HB Hq. pose proof (conditioned_lives_on points p B Hp HB) as Hc.
  destruct (conditional_identity points p q B Hp HB Hq) as [Hi Hd].
  destruct (conditional_identity points p _ B Hp HB Hc) as [Hi' _]. rewrite kl_self in Hi'.
  pose proof (kl_nonneg points q _ (proj1 Hq) (proj1 Hc) Hd).
  split; [|split].
  - rewrite Hi'; ring.
  - rewrite Hi; lra.
  - rewrite Hi; intros; apply kl_zero; auto; [apply Hq|apply Hc|lra].
Qed.

End Reweighting.
