(** Lemmas D.1, D.6, D.8 and D.10, and three statements of ours: what the hard solution is, its boundary mass, and how
    far apart two of them are. *)

From Coq Require Import Reals List Lra.
From Coquelicot Require Import Rbar.
From Formal Require Import Sums Laws Basics Divergence Reweighting.
Open Scope R_scope.

Section Truncation.
Context {X : Type}.
Implicit Types (points : list X) (p q psi : X -> R) (t d : R).

(** Lemma D.1: for every law q on A_t, KL(q || p) = KL(q || q_t) - log S(t); so the truncation q_t, itself such a law,
    is the only one of the least KL from p, and that is -log S(t). *)
Theorem lemma_D_1 points p psi t : prior points p -> reached points psi t ->
  lives_on points (truncation points p psi t) (above psi t) /\
  KL points (truncation points p psi t) p = Finite (- ln (survival points p psi t)) /\
  forall q, lives_on points q (above psi t) ->
    kl points q p = kl points q (truncation points p psi t) - ln (survival points p psi t) /\
    Rbar_le (- ln (survival points p psi t)) (KL points q p) /\
    (KL points q p = Finite (- ln (survival points p psi t)) -> same points q (truncation points p psi t)).
Proof.
  intros Hp Ht. pose proof (survival_pos points p psi t Hp Ht) as HS.
  assert (Hl : lives_on points (truncation points p psi t) (above psi t)) by (apply conditioned_lives_on; assumption).
  split; [exact Hl|split].
  - rewrite KL_finite by (apply prior_dominates; exact Hp). f_equal.
    apply (conditional_minimum points p _ (above psi t) Hp HS Hl).
  - intros q Hq. rewrite KL_finite by (apply prior_dominates; exact Hp).
    destruct (conditional_minimum points p q (above psi t) Hp HS Hq) as (_ & Hle & Heq).
    split; [|split].
    + apply (conditional_identity points p q (above psi t) Hp HS Hq).
    + exact Hle.
    + intros H; injection H; exact Heq.
Qed.

(** S of a truncation at a level from t on: what p has there, scaled. *)
Lemma survival_truncation points p psi t t' : t <= t' ->
  survival points (truncation points p psi t) psi t' = survival points p psi t' / survival points p psi t.
Proof.
  intros Ht; unfold survival, truncation, conditioned, probability. rewrite <- sum_over; apply sum_ext; intros x _.
  unfold above; destruct (Rle_dec t' (psi x)), (Rle_dec t (psi x)); try lra; unfold Rdiv; ring.
Qed.

(** Lemma D.6: M_d(q_t; t) = 1 - S(t + d)/S(t) for every margin, ties included. *)
Theorem lemma_D_6 points p psi t d : prior points p -> reached points psi t -> 0 <= d ->
  boundary_mass points (truncation points p psi t) psi t d =
  1 - survival points p psi (t + d) / survival points p psi t.
Proof.
  intros Hp Ht Hd. pose proof (survival_pos points p psi t Hp Ht) as HS. unfold boundary_mass.
  assert (H1 : survival points (truncation points p psi t) psi t = 1) by (rewrite survival_truncation by lra; field; lra).
  pose proof (survival_shell points (truncation points p psi t) psi t d Hd) as H2.
  rewrite H1 in *. rewrite survival_truncation in H2 by lra. lra.
Qed.

(** The point mass P(psi = t). *)
Definition atom points p psi t : R := probability points p (fun x => if Req_EM_T (psi x) t then true else false).

(** A margin below which the shell at t holds only what lies at t. *)
Lemma narrow_shell points psi t : exists e, 0 < e /\
  forall d, 0 < d -> d <= e -> forall x, In x points ->
    shell psi t d x = if Req_EM_T (psi x) t then true else false.
Proof.
  induction points as [|a rest (e & He & IH)]; [exists 1; split; [lra|intros ? ? ? ? []]|].
  destruct (Rlt_dec t (psi a)) as [Ha|Ha].
  - exists (Rmin e (psi a - t)); split; [apply Rmin_pos; lra|].
    intros d Hd Hde x [<-|Hx].
    + pose proof (Rmin_r e (psi a - t)). unfold shell.
      destruct (Rle_dec t (psi a)), (Rlt_dec (psi a) (t + d)), (Req_EM_T (psi a) t); auto; lra.
    + apply IH; auto. pose proof (Rmin_l e (psi a - t)); lra.
  - exists e; split; [exact He|]. intros d Hd Hde x [<-|Hx]; [|apply IH; auto].
    unfold shell; destruct (Rle_dec t (psi a)), (Rlt_dec (psi a) (t + d)), (Req_EM_T (psi a) t); auto; lra.
Qed.

(** The limit in Lemma D.6 as the margin shrinks: from some margin down, M_d(q_t; t) is P(psi = t)/S(t). *)
Theorem lemma_D_6_limit points p psi t : prior points p -> reached points psi t ->
  exists e, 0 < e /\ forall d, 0 < d -> d <= e ->
    boundary_mass points (truncation points p psi t) psi t d = atom points p psi t / survival points p psi t.
Proof.
  intros Hp Ht. pose proof (survival_pos points p psi t Hp Ht) as HS.
  destruct (narrow_shell points psi t) as (e & He & H). exists e; split; [exact He|].
  intros d Hd Hde; rewrite lemma_D_6 by (auto; lra).
  rewrite (survival_shell points p psi t d) in * by lra.
  assert (Hs : probability points p (shell psi t d) = atom points p psi t).
  { apply sum_ext; intros x Hx; rewrite (H d Hd Hde x Hx); reflexivity. }
  rewrite Hs in *; field; lra.
Qed.

(** Lemma D.8: with a point in between, the lower truncation is infinitely far from the higher one. *)
Theorem lemma_D_8 points p psi t1 t2 : prior points p -> reached points psi t2 ->
  (exists x, In x points /\ t1 <= psi x < t2) ->
  KL points (truncation points p psi t1) (truncation points p psi t2) = p_infty.
Proof.
  intros Hp Ht2 (x & Hx & H1 & H2). apply KL_infinite; intros Hd.
  assert (Ht1 : reached points psi t1) by (exists x; auto).
  pose proof (survival_pos points p psi t1 Hp Ht1) as HS.
  assert (H : truncation points p psi t1 x = 0).
  { apply Hd; [exact Hx|]. unfold truncation, conditioned, above. destruct (Rle_dec t2 (psi x)); [lra|unfold Rdiv; ring]. }
  unfold truncation, conditioned, above in H. destruct (Rle_dec t1 (psi x)); [|lra].
  apply Rmult_integral in H; pose proof (proj1 Hp x Hx); destruct H; [lra|].
  pose proof (Rinv_0_lt_compat _ HS) as Hi; unfold survival, above in Hi; lra.
Qed.

(** A truncation lives above every lower threshold. *)
Lemma truncation_lives_on points p psi t t' : prior points p -> t <= t' -> reached points psi t' ->
  lives_on points (truncation points p psi t') (above psi t).
Proof.
  intros Hp Htt Ht. split; [apply truncation_law; assumption|].
  pose proof (truncation_law points p psi t' Hp Ht) as [_ H1]. rewrite <- H1.
  unfold probability; apply sum_ext; intros x _; unfold truncation, conditioned, above.
  destruct (Rle_dec t (psi x)), (Rle_dec t' (psi x)); try lra; unfold Rdiv; ring.
Qed.

(** Ours, reverse KL: the other direction is finite, KL(q_t2 || q_t1) = log(S(t1)/S(t2)). *)
Theorem ours_reverse_KL points p psi t1 t2 : prior points p -> t1 <= t2 -> reached points psi t2 ->
  KL points (truncation points p psi t2) (truncation points p psi t1) =
  Finite (ln (survival points p psi t1 / survival points p psi t2)).
Proof.
  intros Hp Htt Ht2.
  assert (Ht1 : reached points psi t1) by (destruct Ht2 as (x & Hx & H); exists x; split; [exact Hx|lra]).
  pose proof (survival_pos points p psi t1 Hp Ht1) as HS1.
  pose proof (survival_pos points p psi t2 Hp Ht2) as HS2.
  pose proof (truncation_lives_on points p psi t1 t2 Hp Htt Ht2) as Hl.
  destruct (conditional_identity points p _ (above psi t1) Hp HS1 Hl) as [Hi Hd].
  assert (Hl2 : lives_on points (truncation points p psi t2) (above psi t2)) by (apply conditioned_lives_on; assumption).
  destruct (conditional_minimum points p _ (above psi t2) Hp HS2 Hl2) as [Hm _].
  rewrite KL_finite by exact Hd. f_equal. unfold Rdiv.
  rewrite ln_mult, ln_Rinv by (auto; apply Rinv_0_lt_compat; exact HS2).
  unfold truncation, survival in *. lra.
Qed.

(** Lemma D.10: TV(q_t, q_t') = 1 - S(t')/S(t) for t <= t'. *)
Theorem lemma_D_10 points p psi t t' : prior points p -> t <= t' -> reached points psi t' ->
  TV points (truncation points p psi t) (truncation points p psi t') =
  1 - survival points p psi t' / survival points p psi t.
Proof.
  intros Hp Htt Ht'.
  assert (Ht : reached points psi t) by (destruct Ht' as (x & Hx & H); exists x; split; [exact Hx|lra]).
  pose proof (survival_pos points p psi t Hp Ht) as HS.
  pose proof (survival_pos points p psi t' Hp Ht') as HS'.
  assert (Hle : survival points p psi t' <= survival points p psi t).
  { apply survival_decreasing; [apply (prior_law _ _ Hp)|exact Htt]. }
  unfold TV.
  assert (H : sum points (fun x => Rabs (truncation points p psi t x - truncation points p psi t' x)) =
    sum points (fun x => (truncation points p psi t x - truncation points p psi t' x) +
      2 * (/ survival points p psi t' - / survival points p psi t) * (if above psi t' x then p x else 0))).
  { apply sum_ext; intros x Hx. pose proof (proj1 Hp x Hx) as Hpx.
    unfold truncation, conditioned; fold (survival points p psi t); fold (survival points p psi t').
    pose proof (Rinv_0_lt_compat _ HS). pose proof (Rinv_0_lt_compat _ HS').
    pose proof (Rinv_le_contravar _ _ HS' Hle).
    assert (p x * / survival points p psi t <= p x * / survival points p psi t') by (apply Rmult_le_compat_l; lra).
    assert (0 < p x * / survival points p psi t) by (apply Rmult_lt_0_compat; lra).
    unfold above; destruct (Rle_dec t (psi x)), (Rle_dec t' (psi x)); try lra; unfold Rdiv.
    - rewrite Rabs_left1 by lra; ring.
    - rewrite Rabs_right by lra; ring.
    - rewrite !Rmult_0_l, Rminus_0_r, Rabs_R0; ring. }
  rewrite H, sum_plus, sum_minus, sum_times.
  rewrite (proj2 (truncation_law points p psi t Hp Ht)), (proj2 (truncation_law points p psi t' Hp Ht')).
  change (sum points (fun x => if above psi t' x then p x else 0)) with (survival points p psi t').
  field; lra.
Qed.

End Truncation.
