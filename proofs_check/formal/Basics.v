(** First consequences of the definitions. *)

From Coq Require Import Reals List Lra Lia.
From Coquelicot Require Import Rbar.
From Formal Require Import Sums Laws.
Open Scope R_scope.

Section Basics.
Context {X : Type}.
Implicit Types (points : list X) (p q psi f w : X -> R) (t d b : R) (B : X -> bool).

Lemma prior_law points p : prior points p -> law points p.
Proof. intros [Hp H1]; split; [intros; apply Rlt_le|]; auto. Qed.

Lemma prior_dominates points p q : prior points p -> dominated points q p.
Proof. intros [Hp _] x Hx H0; specialize (Hp x Hx); lra. Qed.

(** A law lives on at least one point. *)
Lemma law_point points q : law points q -> exists x, In x points /\ 0 < q x.
Proof. intros [_ H1]; apply sum_pos_inv; lra. Qed.

Lemma KL_finite points q p : dominated points q p -> KL points q p = Finite (kl points q p).
Proof. unfold KL; destruct (dominated_dec points q p); tauto. Qed.

Lemma KL_infinite points q p : ~ dominated points q p -> KL points q p = p_infty.
Proof. unfold KL; destruct (dominated_dec points q p); tauto. Qed.

Lemma kl_same points q q' p : same points q q' -> kl points q p = kl points q' p.
Proof. intros H; apply sum_ext; intros x Hx; rewrite (H x Hx); reflexivity. Qed.

Lemma mean_same points q q' f : same points q q' -> mean points q f = mean points q' f.
Proof. intros H; apply sum_ext; intros x Hx; rewrite (H x Hx); reflexivity. Qed.

Lemma probability_nonneg points q B : (forall x, In x points -> 0 <= q x) -> 0 <= probability points q B.
Proof. intros H; apply sum_nonneg; intros x Hx; destruct (B x); [auto|lra]. Qed.

(** An event with a point of positive mass has positive probability, and conversely. *)
Lemma probability_pos points q B y :
  (forall x, In x points -> 0 <= q x) -> In y points -> B y = true -> 0 < q y -> 0 < probability points q B.
Proof.
  intros H Hy HB Hlt; apply (sum_pos _ _ y); auto.
  - intros x Hx; destruct (B x); [auto|lra].
  - rewrite HB; exact Hlt.
Qed.

Lemma probability_pos_inv points q B :
  0 < probability points q B -> exists y, In y points /\ B y = true /\ 0 < q y.
Proof.
  intros H; apply sum_pos_inv in H; destruct H as (y & Hy & Hlt).
  exists y; destruct (B y); [auto|lra].
Qed.

Lemma above_true psi t (x : X) : above psi t x = true <-> t <= psi x.
Proof. unfold above; destruct (Rle_dec t (psi x)); split; intros H; auto; try discriminate; contradiction. Qed.

Lemma survival_pos points p psi t : prior points p -> reached points psi t -> 0 < survival points p psi t.
Proof.
  intros Hp (y & Hy & Ht). apply (probability_pos _ _ _ y); auto.
  - apply (prior_law _ _ Hp).
  - apply above_true; exact Ht.
  - apply (proj1 Hp); exact Hy.
Qed.

Lemma reached_of_survival points p psi t : 0 < survival points p psi t -> reached points psi t.
Proof.
  intros H; apply probability_pos_inv in H; destruct H as (y & Hy & Ht & _).
  exists y; split; [exact Hy|apply above_true; exact Ht].
Qed.

(** A law given an event of positive probability is a law. *)
Lemma conditioned_law points q B : law points q -> 0 < probability points q B -> law points (conditioned points q B).
Proof.
  intros [Hq _] HB; split.
  - intros x Hx; apply Rmult_le_pos; [destruct (B x); [auto|lra]|].
    apply Rlt_le, Rinv_0_lt_compat, HB.
  - unfold conditioned; rewrite sum_over. unfold probability in *; field; lra.
Qed.

Lemma truncation_law points p psi t :
  prior points p -> reached points psi t -> law points (truncation points p psi t).
Proof. intros Hp Ht; apply conditioned_law; [apply prior_law, Hp|apply survival_pos; assumption]. Qed.

(** Two probabilities of disjoint events add up to that of their union. *)
Lemma probability_split points q B C D :
  (forall x, In x points -> B x = orb (C x) (D x)) -> (forall x, In x points -> andb (C x) (D x) = false) ->
  probability points q B = probability points q C + probability points q D.
Proof.
  intros H1 H2; unfold probability; rewrite <- sum_plus; apply sum_ext; intros x Hx.
  specialize (H1 x Hx); specialize (H2 x Hx).
  destruct (B x), (C x), (D x); simpl in *; try discriminate; ring.
Qed.

(** S(t) is the shell's probability and that of what lies above the shell. *)
Lemma survival_shell points q psi t d : 0 <= d ->
  survival points q psi t = probability points q (shell psi t d) + survival points q psi (t + d).
Proof.
  intros Hd; apply probability_split; intros x _; unfold above, shell;
  destruct (Rle_dec t (psi x)), (Rlt_dec (psi x) (t + d)), (Rle_dec (t + d) (psi x)); simpl; auto; lra.
Qed.

Lemma survival_decreasing points q psi t t' :
  (forall x, In x points -> 0 <= q x) -> t <= t' -> survival points q psi t' <= survival points q psi t.
Proof.
  intros Hq Ht; replace t' with (t + (t' - t)) by ring.
  rewrite (survival_shell points q psi t (t' - t)) by lra.
  pose proof (probability_nonneg points q (shell psi t (t' - t)) Hq); lra.
Qed.

Lemma partition_pos points p psi b : prior points p -> 0 < partition points p psi b.
Proof.
  intros Hp; destruct (law_point _ _ (prior_law _ _ Hp)) as (y & Hy & Hlt).
  apply (sum_pos _ _ y); auto.
  - intros x Hx; apply Rmult_le_pos; [apply (prior_law _ _ Hp), Hx|apply Rlt_le, exp_pos].
  - apply Rmult_lt_0_compat; [exact Hlt|apply exp_pos].
Qed.

(** The tilt has positive masses again: it can be tilted further. *)
Lemma tilt_prior points p psi b : prior points p -> prior points (tilt points p psi b).
Proof.
  intros Hp; pose proof (partition_pos points p psi b Hp) as HZ; split.
  - intros x Hx; apply Rdiv_lt_0_compat; [|exact HZ].
    apply Rmult_lt_0_compat; [apply (proj1 Hp), Hx|apply exp_pos].
  - unfold tilt; rewrite sum_over; unfold partition in *; field; lra.
Qed.

Lemma tilt_law points p psi b : prior points p -> law points (tilt points p psi b).
Proof. intros Hp; apply prior_law, tilt_prior, Hp. Qed.

Lemma tilt_zero points p psi : prior points p -> same points (tilt points p psi 0) p.
Proof.
  intros Hp x Hx; unfold tilt, partition.
  rewrite (sum_ext _ _ p) by (intros; rewrite Rmult_0_l, exp_0; ring).
  rewrite (proj2 Hp), Rmult_0_l, exp_0; field.
Qed.

Lemma mean_const points q c : law points q -> mean points q (fun _ => c) = c.
Proof. intros [_ H1]; unfold mean; rewrite sum_times_r, H1; ring. Qed.

(** E_q[f] is at most the largest value of f. *)
Lemma mean_le points q f c : law points q -> (forall x, In x points -> f x <= c) -> mean points q f <= c.
Proof.
  intros Hq H; rewrite <- (mean_const points q c Hq); apply sum_le; intros x Hx.
  apply Rmult_le_compat_l; [apply (proj1 Hq), Hx|apply H, Hx].
Qed.

End Basics.
