(** A wrong version of the theorem of [Pools], with a proof that it is false. *)

From Coq Require Import Reals List Lra.
From Coquelicot Require Import Coquelicot.
From Formal Require Import Sums Laws Logarithm Paths Pools.
Import ListNotations.
Open Scope R_scope.

(** Wrong: every maximiser's weight tends to 1, ties or not. *)
Definition lemma_F_1_without_ties : Prop := forall points (psi : bool -> R) M x, maximum points psi M ->
  In x points -> psi x = M -> is_lim (fun b => pool_weight points psi b x) p_infty 1.
Theorem lemma_F_1_without_ties_is_false : ~ lemma_F_1_without_ties.
Proof.
  intros H; specialize (H [true; false] (fun _ => 0) 0 true).
  assert (Hm : maximum [true; false] (fun _ => 0) 0) by (split; [exists true; simpl; auto|intros; lra]).
  specialize (H Hm (or_introl eq_refl) eq_refl). apply is_lim_unique in H.
  rewrite (Lim_ext (fun _ => / 2)) in H.
  - rewrite Lim_const in H. injection H; lra.
  - intros b; unfold pool_weight; simpl. rewrite Rmult_0_r, exp_0; field.
Qed.
