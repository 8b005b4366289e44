(** Ours, finite step and Nelson-Aalen: how far the hard path moves for how much of the level. *)

From Coq Require Import Reals List Lra.
From Formal Require Import Sums Laws Basics Reweighting Truncation.
Import ListNotations.
Open Scope R_scope.

Section Steps.
Context {X : Type}.
Implicit Types (points : list X) (p q psi : X -> R) (t d : R) (B : X -> bool).

(** p(B) E[psi | B]. *)
Lemma mean_conditioned points p psi B : 0 < probability points p B ->
  mean points (conditioned points p B) psi * probability points p B =
  sum points (fun x => if B x then p x * psi x else 0).
Proof.
  intros HB; unfold mean; rewrite <- sum_times_r; apply sum_ext; intros x _; unfold conditioned.
  destruct (B x); field; lra.
Qed.

(** Ours, finite step: with a point in [t, t'), TV(q_t, q_t')/(tau(t') - tau(t)) = 1/(tau(t') - E[psi | t <= psi < t']),
    where both differences are positive. *)
Theorem ours_finite_step points p psi t t' : prior points p -> reached points psi t' ->
  (exists x, In x points /\ t <= psi x < t') ->
  let tau := fun s => mean points (truncation points p psi s) psi in
  let between := mean points (conditioned points p (shell psi t (t' - t))) psi in
  between < tau t' /\ tau t < tau t' /\
  TV points (truncation points p psi t) (truncation points p psi t') / (tau t' - tau t) = / (tau t' - between).
Proof.
  intros Hp Ht' (x & Hx & H1 & H2) tau between.
  assert (Ht : reached points psi t) by (exists x; auto).
  pose proof (survival_pos points p psi t Hp Ht) as HS. pose proof (survival_pos points p psi t' Hp Ht') as HS'.
  assert (Hsh : shell psi t (t' - t) x = true).
  { unfold shell; destruct (Rle_dec t (psi x)), (Rlt_dec (psi x) (t + (t' - t))); auto; lra. }
  assert (HP : 0 < probability points p (shell psi t (t' - t))).
  { apply (probability_pos _ _ _ x); auto; [apply (prior_law _ _ Hp)|apply (proj1 Hp), Hx]. }
  pose proof (survival_shell points p psi t (t' - t) ltac:(lra)) as Hs.
  replace (t + (t' - t)) with t' in Hs by ring.
  assert (HTV := lemma_D_10 points p psi t t' Hp ltac:(lra) Ht'). rewrite HTV.
  pose proof (mean_conditioned points p psi _ HP) as Mb. fold between in Mb.
  pose proof (mean_conditioned points p psi _ HS) as Mt. pose proof (mean_conditioned points p psi _ HS') as Mt'.
  change (mean points (conditioned points p (above psi t)) psi) with (tau t) in Mt.
  change (mean points (conditioned points p (above psi t')) psi) with (tau t') in Mt'.
  fold (survival points p psi t) in Mt. fold (survival points p psi t') in Mt'.
  assert (Hsum : tau t * survival points p psi t = between * probability points p (shell psi t (t' - t)) +
    tau t' * survival points p psi t').
  { rewrite Mb, Mt, Mt', <- sum_plus; apply sum_ext; intros y _; unfold above, shell.
    destruct (Rle_dec t (psi y)), (Rlt_dec (psi y) (t + (t' - t))), (Rle_dec t' (psi y)); try lra; ring. }
  assert (Hb : between < t').
  { apply (Rmult_lt_reg_r (probability points p (shell psi t (t' - t)))); [exact HP|]. rewrite Mb.
    unfold probability; rewrite <- sum_times. apply (sum_lt _ _ _ x); [|exact Hx|].
    - intros y Hy; unfold shell; destruct (Rle_dec t (psi y)), (Rlt_dec (psi y) (t + (t' - t))); try lra.
      pose proof (proj1 Hp y Hy). rewrite Rmult_comm. apply Rmult_le_compat_r; lra.
    - rewrite Hsh. pose proof (proj1 Hp x Hx). rewrite Rmult_comm. apply Rmult_lt_compat_r; assumption. }
  assert (Hup : t' <= tau t').
  { apply (Rmult_le_reg_r (survival points p psi t')); [exact HS'|]. rewrite Mt'.
    unfold survival, probability; rewrite <- sum_times. apply sum_le; intros y Hy; unfold above.
    destruct (Rle_dec t' (psi y)); [|lra].
    pose proof (proj1 Hp y Hy). rewrite Rmult_comm. apply Rmult_le_compat_l; lra. }
  set (P := probability points p (shell psi t (t' - t))) in *. set (S' := survival points p psi t') in *.
  rewrite Hs in *. clear HTV Mb Mt Mt'.
  assert (Hd : tau t' - tau t = P / (P + S') * (tau t' - between)).
  { apply (Rmult_eq_reg_r (P + S')); [|lra]. rewrite Rmult_minus_distr_r, Hsum. field; lra. }
  assert (0 < P / (P + S')) by (apply Rdiv_lt_0_compat; assumption).
  assert (0 < tau t' - tau t) by (rewrite Hd; apply Rmult_lt_0_compat; lra).
  split; [lra|split; [lra|]]. rewrite Hd. replace (1 - S' / (P + S')) with (P / (P + S')) by (field; lra).
  field; repeat split; lra.
Qed.

(** Thresholds in growing order, with no score strictly between two neighbours. *)
Fixpoint grid points psi t (rest : list R) : Prop :=
  match rest with
  | [] => True
  | t' :: more => t < t' /\ (forall x, In x points -> ~ t < psi x < t') /\ grid points psi t' more
  end.

(** The length of the hard path in TV, over a list of thresholds, and the sum of the jumps P(psi = t)/S(t). *)
Fixpoint hard_length points p psi t (rest : list R) : R :=
  match rest with
  | [] => 0
  | t' :: more => TV points (truncation points p psi t) (truncation points p psi t') + hard_length points p psi t' more
  end.
Fixpoint nelson_aalen points p psi t (rest : list R) : R :=
  match rest with
  | [] => 0
  | t' :: more => atom points p psi t / survival points p psi t + nelson_aalen points p psi t' more
  end.

Lemma last_cons : forall (more : list R) t' t, last (t' :: more) t = last more t'.
Proof.
  induction more as [|a more IH]; intros t' t; [reflexivity|].
  change (last (t' :: a :: more) t) with (last (a :: more) t). rewrite !IH; reflexivity.
Qed.

Lemma grid_last points psi : forall rest t, grid points psi t rest -> t <= last rest t.
Proof.
  induction rest as [|t' more IH]; intros t; [simpl; lra|]. intros (Hlt & _ & Hg).
  rewrite last_cons. specialize (IH t' Hg); lra.
Qed.

(** Ours, Nelson-Aalen: over thresholds that leave out no score the hard path has the length of the Nelson-Aalen sum,
    the numerator of its average speed per unit of the level. *)
Theorem ours_nelson_aalen points p psi : prior points p ->
  forall rest t, grid points psi t rest -> reached points psi (last rest t) ->
  hard_length points p psi t rest = nelson_aalen points p psi t rest.
Proof.
  intros Hp; induction rest as [|t' more IH]; intros t Hg Hl; [reflexivity|]. simpl. destruct Hg as (Hlt & Hno & Hg).
  assert (Hl' : reached points psi (last more t')) by (rewrite <- (last_cons more t' t); exact Hl).
  rewrite (IH t' Hg Hl'). f_equal.
  pose proof (grid_last points psi more t' Hg) as Hle.
  assert (Ht' : reached points psi t') by (destruct Hl' as (x & Hx & Hm); exists x; split; [exact Hx|lra]).
  assert (Ht : reached points psi t) by (destruct Ht' as (x & Hx & Hm); exists x; split; [exact Hx|lra]).
  pose proof (survival_pos points p psi t Hp Ht) as HS.
  rewrite lemma_D_10 by (auto; lra).
  pose proof (survival_shell points p psi t (t' - t) ltac:(lra)) as Hs. replace (t + (t' - t)) with t' in Hs by ring.
  assert (Ha : probability points p (shell psi t (t' - t)) = atom points p psi t).
  { apply sum_ext; intros x Hx. specialize (Hno x Hx). unfold shell.
    destruct (Rle_dec t (psi x)), (Rlt_dec (psi x) (t + (t' - t))), (Req_EM_T (psi x) t); auto; lra. }
  rewrite Ha in Hs. rewrite Hs in *. field; lra.
Qed.

End Steps.
