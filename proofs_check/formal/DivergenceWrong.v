(** Wrong versions of the theorems of [Divergence], each with a proof that it is false. *)

From Coq Require Import Reals List Lra.
From Coquelicot Require Import Rbar.
From Formal Require Import Sums Laws Basics Divergence.
Import ListNotations.
Open Scope R_scope.

(** One point with all mass, and the same point twice as heavy. *)
Definition one : unit -> R := fun _ => 1.
Definition two : unit -> R := fun _ => 2.

Lemma one_law : law [tt] one.
Proof. split; [intros; unfold one; lra|unfold one; simpl; lra]. Qed.

Lemma kl_one_two : KL [tt] one two = Finite (- ln 2).
Proof.
  rewrite KL_finite by (intros x _ H; unfold two in H; lra). f_equal.
  unfold kl, one, two; simpl. replace (1 / 2) with (/ 2) by field. rewrite ln_Rinv by lra; ring.
Qed.

Lemma ln_2_pos : 0 < ln 2.
Proof. rewrite <- ln_1; apply ln_increasing; lra. Qed.

(** Wrong: KL >= 0 where the second argument need not sum to 1. *)
Definition definition_B_2_of_masses : Prop :=
  forall points (q p : unit -> R), law points q -> (forall x, In x points -> 0 <= p x) -> Rbar_le 0 (KL points q p).
Theorem definition_B_2_of_masses_is_false : ~ definition_B_2_of_masses.
Proof.
  intros H; specialize (H [tt] one two one_law ltac:(intros; unfold two; lra)).
  rewrite kl_one_two in H; simpl in H; pose proof ln_2_pos; lra.
Qed.

(** Wrong: KL >= 0 reversed. *)
Definition definition_B_2_reversed : Prop :=
  forall points (q p : bool -> R), law points q -> law points p -> Rbar_le (KL points q p) 0.
Theorem definition_B_2_reversed_is_false : ~ definition_B_2_reversed.
Proof.
  set (q := fun x : bool => if x then 1 else 0). set (p := fun x : bool => if x then 0 else 1).
  intros H; specialize (H [true; false] q p).
  rewrite KL_infinite in H.
  - apply H; split; unfold q, p; simpl; try lra; intros [|] _; lra.
  - intros Hd; specialize (Hd true (or_introl eq_refl) eq_refl); unfold q in Hd; lra.
Qed.

(** Wrong: TV is the largest difference for masses that need not sum to 1. *)
Definition definition_B_3_of_masses : Prop :=
  forall points (q p : unit -> R), (forall x, In x points -> 0 <= q x) -> law points p ->
  forall B, Rabs (probability points q B - probability points p B) <= TV points q p.
Theorem definition_B_3_of_masses_is_false : ~ definition_B_3_of_masses.
Proof.
  intros H; specialize (H [tt] two one ltac:(intros; unfold two; lra) one_law (fun _ => true)).
  unfold probability, TV, one, two in H; simpl in H.
  replace (2 + 0 - (1 + 0)) with 1 in H by ring. replace (2 - 1) with 1 in H by ring. rewrite Rabs_R1 in H. lra.
Qed.

(** Wrong: no event tells two laws apart by half of TV or more. *)
Definition definition_B_3_halved : Prop :=
  forall points (q p : bool -> R), law points q -> law points p ->
  forall B, Rabs (probability points q B - probability points p B) <= TV points q p / 2.
Theorem definition_B_3_halved_is_false : ~ definition_B_3_halved.
Proof.
  set (q := fun x : bool => if x then 1 else 0). set (p := fun x : bool => if x then 0 else 1).
  intros H; specialize (H [true; false] q p).
  assert (Hq : law [true; false] q) by (split; unfold q; simpl; try lra; intros [|] _; lra).
  assert (Hp : law [true; false] p) by (split; unfold p; simpl; try lra; intros [|] _; lra).
  specialize (H Hq Hp (fun x => x)).
  unfold probability, TV, q, p in H; simpl in H.
  rewrite !Rabs_right in H by lra. rewrite Rabs_left in H by lra. lra.
Qed.

(** Wrong: Pinsker's inequality where the second argument need not sum to 1. *)
Definition lemma_B_4_of_masses : Prop :=
  forall points (q p : unit -> R), law points q -> (forall x, In x points -> 0 <= p x) ->
  Rbar_le (TV points q p) (match KL points q p with Finite k => sqrt (k / 2) | _ => p_infty end).
Theorem lemma_B_4_of_masses_is_false : ~ lemma_B_4_of_masses.
Proof.
  intros H; specialize (H [tt] one two one_law ltac:(intros; unfold two; lra)).
  rewrite kl_one_two in H; unfold TV, one, two in H; simpl in H.
  rewrite Rabs_left in H by lra.
  rewrite sqrt_neg_0 in H by (pose proof ln_2_pos; lra). lra.
Qed.
