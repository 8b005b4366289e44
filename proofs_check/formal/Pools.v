(** Lemma F.1: the weights of a finite pool as the multiplier grows. *)

From Coq Require Import Reals List Lra.
From Coquelicot Require Import Coquelicot.
From Formal Require Import Sums Laws Logarithm Paths.
Open Scope R_scope.

Section Pools.
Context {X : Type}.
Implicit Types (points : list X) (psi : X -> R) (b M : R).

(** w_x(b) = exp(b psi(x))/(sum of exp(b psi)). *)
Definition pool_weight points psi b (x : X) : R := exp (b * psi x) / sum points (fun y => exp (b * psi y)).

(** How many maximisers the pool has. *)
Definition maximisers points psi M : R := sum points (fun y => if Req_EM_T (psi y) M then 1 else 0).

Lemma exp_limit u : u <= 0 -> is_lim (fun b => exp (b * u)) p_infty (Finite (if Req_EM_T u 0 then 1 else 0)).
Proof.
  intros Hu; destruct (Req_EM_T u 0) as [->|Hn].
  - apply (is_lim_ext (fun _ => 1)); [intros; rewrite Rmult_0_r, exp_0; reflexivity|apply is_lim_const].
  - apply (is_lim_comp exp (fun b => b * u) p_infty 0 m_infty); [apply is_lim_exp_m| |].
    + evar_last; [apply is_lim_scal_r, is_lim_id|]. simpl.
      destruct (Rle_dec 0 u) as [H|H]; [exfalso; lra|reflexivity].
    + exists 0; intros; discriminate.
Qed.

Lemma sum_limit points (f : X -> R -> R) (l : X -> R) :
  (forall x, In x points -> is_lim (f x) p_infty (l x)) ->
  is_lim (fun b => sum points (fun x => f x b)) p_infty (sum points l).
Proof.
  induction points as [|a rest IH]; intros H; simpl; [apply is_lim_const|].
  apply (is_lim_plus' (f a) (fun b => sum rest (fun x => f x b))); [apply H; left; reflexivity|].
  apply IH; intros x Hx; apply H; right; exact Hx.
Qed.

(** Lemma F.1: as b -> infinity each maximiser's weight tends to 1 over their number, every other weight to 0. *)
Theorem lemma_F_1 points psi M x : maximum points psi M -> In x points ->
  is_lim (fun b => pool_weight points psi b x) p_infty
    (Finite (if Req_EM_T (psi x) M then / maximisers points psi M else 0)).
Proof.
  intros [(y & Hy & HyM) HM] Hx.
  assert (Hn : 0 < maximisers points psi M).
  { apply (sum_pos _ _ y); auto; [intros z _; destruct (Req_EM_T (psi z) M); lra|].
    destruct (Req_EM_T (psi y) M); [lra|contradiction]. }
  apply (is_lim_ext (fun b => exp (b * (psi x - M)) / sum points (fun z => exp (b * (psi z - M))))).
  { intros b; unfold pool_weight.
    assert (He : forall z, exp (b * psi z) = exp (b * M) * exp (b * (psi z - M))).
    { intros z; rewrite <- exp_plus; f_equal; ring. }
    rewrite (sum_ext points (fun z => exp (b * psi z)) _ (fun z _ => He z)), sum_times, He.
    pose proof (exp_pos (b * M)).
    assert (0 < sum points (fun z => exp (b * (psi z - M)))).
    { apply (sum_pos _ _ y); auto; [intros; apply Rlt_le|]; apply exp_pos. }
    field; lra. }
  assert (Hl : forall z, In z points ->
    is_lim (fun b => exp (b * (psi z - M))) p_infty (Finite (if Req_EM_T (psi z) M then 1 else 0))).
  { intros z Hz; specialize (HM z Hz). pose proof (exp_limit (psi z - M) ltac:(lra)) as H.
    destruct (Req_EM_T (psi z - M) 0), (Req_EM_T (psi z) M); auto; lra. }
  evar_last.
  - apply (is_lim_div (fun b => exp (b * (psi x - M))) _ p_infty (Finite (if Req_EM_T (psi x) M then 1 else 0))
      (maximisers points psi M)); [apply Hl, Hx|apply sum_limit, Hl|intros H; injection H; lra|].
    destruct (Req_EM_T (psi x) M); exact I.
  - destruct (Req_EM_T (psi x) M); simpl; f_equal; field; lra.
Qed.

End Pools.
