(** A wrong version of the theorem of [Gaussian], with a proof that it is false. *)

From Coq Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
From Formal Require Import Gaussian.
Open Scope R_scope.

(** Wrong: the order of speeds at negative thresholds too. *)
Definition proposition_D_13_at_every_level : Prop := forall S, is_tail S ->
  forall t, / sqrt (2 * PI) < / (hazard S t - t).
Theorem proposition_D_13_at_every_level_is_false : ~ proposition_D_13_at_every_level.
Proof.
  intros H; destruct tail_exists as (S & HS). specialize (H S HS (-3)).
  assert (Hh : 0 < hazard S (-3)) by (apply Rdiv_lt_0_compat; [apply bell_pos|apply tail_pos, HS]).
  assert (Hs : sqrt (2 * PI) < 3).
  { replace 3 with (sqrt (3 * 3)) by (apply sqrt_square; lra). pose proof PI_4; pose proof PI_RGT_0. apply sqrt_lt_1; lra. }
  assert (Hp : 0 < sqrt (2 * PI)) by (apply sqrt_lt_R0; pose proof PI_RGT_0; lra).
  assert (/ (hazard S (-3) - -3) < / sqrt (2 * PI)); [|lra].
  apply Rinv_lt_contravar; [apply Rmult_lt_0_compat; lra|lra].
Qed.
