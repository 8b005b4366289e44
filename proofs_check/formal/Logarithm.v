(** Inequalities of the logarithm, one real number at a time. *)

From Coq Require Import Reals List Lra.
From Coquelicot Require Import Coquelicot.
Open Scope R_scope.

(** exp x >= 1 + x. *)
Lemma exp_ge x : 1 + x <= exp x.
Proof. destruct (Req_dec x 0) as [->|H]; [rewrite exp_0|pose proof (exp_ineq1 x H)]; lra. Qed.

(** ln x <= x - 1, with equality only at 1. *)
Lemma ln_le x : 0 < x -> ln x <= x - 1.
Proof. intros H; pose proof (exp_ge (ln x)); rewrite exp_ln in *; lra. Qed.

Lemma ln_lt x : 0 < x -> x <> 1 -> ln x < x - 1.
Proof.
  intros H H1. assert (Hl : ln x <> 0) by (intros H0; apply H1, ln_inv; [exact H|lra|rewrite ln_1; exact H0]).
  pose proof (exp_ineq1 (ln x) Hl) as H2; rewrite exp_ln in H2; lra.
Qed.

(** q log(q/p) >= q - p, with equality only if q = p. *)
Lemma kl_term q p : 0 <= q -> 0 <= p -> (p = 0 -> q = 0) -> q - p <= q * ln (q / p).
Proof.
  intros Hq Hp H0. destruct Hq as [Hq|<-]; [|lra].
  destruct Hp as [Hp|<-]; [|specialize (H0 eq_refl); lra].
  assert (Hr : 0 < p / q) by (apply Rdiv_lt_0_compat; assumption).
  replace (q / p) with (/ (p / q)) by (field; lra). rewrite ln_Rinv by exact Hr.
  pose proof (ln_le _ Hr) as H1.
  apply (Rmult_le_compat_l q) in H1; [|lra].
  replace (q * (p / q - 1)) with (p - q) in H1 by (field; lra). lra.
Qed.

Lemma kl_term_equal q p : 0 <= q -> 0 <= p -> (p = 0 -> q = 0) -> q - p = q * ln (q / p) -> q = p.
Proof.
  intros Hq Hp H0 He. destruct Hq as [Hq|<-]; [|lra].
  destruct Hp as [Hp|<-]; [|specialize (H0 eq_refl); lra].
  destruct (Req_dec (p / q) 1) as [H1|H1].
  - replace p with (p / q * q) by (field; lra). rewrite H1; ring.
  - assert (Hr : 0 < p / q) by (apply Rdiv_lt_0_compat; assumption).
    pose proof (ln_lt _ Hr H1) as H2. apply (Rmult_lt_compat_l q) in H2; [|exact Hq].
    replace (q * (p / q - 1)) with (p - q) in H2 by (field; lra).
    replace (q / p) with (/ (p / q)) in He by (field; lra). rewrite ln_Rinv in He by exact Hr. lra.
Qed.

(** A function that falls up to 1 and grows from there is at least its value at 1. *)
Lemma least_at_one f f' :
  (forall x, 0 < x -> is_derive f x (f' x)) -> (forall x, 0 < x -> 0 <= (x - 1) * f' x) ->
  forall x, 0 < x -> f 1 <= f x.
Proof.
  intros Hd Hs x Hx. destruct (Rtotal_order x 1) as [Hlt|[->|Hgt]]; [|lra|].
  - destruct (MVT_cor2 f f' x 1 Hlt) as (c & Hc & Hc1 & Hc2).
    { intros c Hc; apply is_derive_Reals, Hd; lra. }
    assert (f' c <= 0); [|assert (0 <= (- f' c) * (1 - x)) by (apply Rmult_le_pos; lra); lra].
    specialize (Hs c ltac:(lra)). destruct (Rle_dec (f' c) 0) as [|Hn]; [assumption|].
    assert (0 < (1 - c) * f' c) by (apply Rmult_lt_0_compat; lra). lra.
  - destruct (MVT_cor2 f f' 1 x Hgt) as (c & Hc & Hc1 & Hc2).
    { intros c Hc; apply is_derive_Reals, Hd; lra. }
    assert (0 <= f' c); [|assert (0 <= f' c * (x - 1)) by (apply Rmult_le_pos; lra); lra].
    specialize (Hs c ltac:(lra)). destruct (Rle_dec 0 (f' c)) as [|Hn]; [assumption|].
    assert (0 < (c - 1) * (- f' c)) by (apply Rmult_lt_0_compat; lra). lra.
Qed.

(** (x + 1) log x has the sign of x - 1, even after 2 (x - 1) is taken off. *)
Lemma log_sign x : 0 < x -> 0 <= (x - 1) * ((x + 1) * ln x - 2 * (x - 1)).
Proof.
  intros Hx. set (k := fun x => (x + 1) * ln x - 2 * (x - 1)). set (k' := fun x => ln x + / x - 1).
  assert (Hd : forall y, 0 < y -> is_derive k y (k' y)).
  { intros y Hy; unfold k, k'; auto_derive; [exact Hy|field; lra]. }
  assert (Hk : forall y, 0 < y -> 0 <= k' y).
  { intros y Hy; unfold k'. pose proof (ln_le (/ y) (Rinv_0_lt_compat _ Hy)) as H.
    rewrite ln_Rinv in H by exact Hy. lra. }
  assert (H1 : k 1 = 0) by (unfold k; rewrite ln_1; ring).
  change (0 <= (x - 1) * k x). destruct (Rtotal_order x 1) as [Hlt|[->|Hgt]]; [| rewrite H1; lra |].
  - destruct (MVT_cor2 k k' x 1 Hlt) as (c & Hc & Hc1 & Hc2).
    { intros c Hc; apply is_derive_Reals, Hd; lra. }
    assert (0 <= k' c * (1 - x)) by (apply Rmult_le_pos; [apply Hk|]; lra).
    assert (0 <= (1 - x) * (- k x)) by (apply Rmult_le_pos; lra). lra.
  - destruct (MVT_cor2 k k' 1 x Hgt) as (c & Hc & Hc1 & Hc2).
    { intros c Hc; apply is_derive_Reals, Hd; lra. }
    assert (0 <= k' c * (x - 1)) by (apply Rmult_le_pos; [apply Hk|]; lra).
    apply Rmult_le_pos; lra.
Qed.

(** The inequality behind Pinsker's: 3 (x - 1)^2 <= (2 x + 4) (x log x - x + 1). *)
Lemma pinsker_term x : 0 < x -> 3 * (x - 1)² <= (2 * x + 4) * (x * ln x - x + 1).
Proof.
  intros Hx. set (g := fun x => (2 * x + 4) * (x * ln x - x + 1) - 3 * (x - 1) * (x - 1)).
  assert (H : g 1 <= g x).
  { apply (least_at_one g (fun x => 4 * ((x + 1) * ln x - 2 * (x - 1)))); [| |exact Hx].
    - intros y Hy; unfold g; auto_derive; [exact Hy|field; lra].
    - intros y Hy; pose proof (log_sign y Hy); lra. }
  unfold g in H; rewrite ln_1 in H; unfold Rsqr; lra.
Qed.
