(** Sums over a finite list of points, and what every later file needs of them. *)

From Coq Require Import Reals List Lra.
Import ListNotations.
Open Scope R_scope.

Section Sums.
Context {X : Type}.

(** The sum of [f x] over the points of a list. *)
Fixpoint sum (points : list X) (f : X -> R) : R :=
  match points with
  | [] => 0
  | x :: rest => f x + sum rest f
  end.

Implicit Types (points : list X) (f g h : X -> R).

Lemma sum_ext points f g : (forall x, In x points -> f x = g x) -> sum points f = sum points g.
Proof.
  induction points as [|a rest IH]; simpl; intros H; [reflexivity|].
  rewrite (H a (or_introl eq_refl)), IH; auto.
Qed.

Lemma sum_plus points f g : sum points (fun x => f x + g x) = sum points f + sum points g.
Proof. induction points as [|a rest IH]; simpl; [|rewrite IH]; ring. Qed.

Lemma sum_minus points f g : sum points (fun x => f x - g x) = sum points f - sum points g.
Proof. induction points as [|a rest IH]; simpl; [|rewrite IH]; ring. Qed.

Lemma sum_times points c f : sum points (fun x => c * f x) = c * sum points f.
Proof. induction points as [|a rest IH]; simpl; [|rewrite IH]; ring. Qed.

Lemma sum_times_r points c f : sum points (fun x => f x * c) = sum points f * c.
Proof. induction points as [|a rest IH]; simpl; [|rewrite IH]; ring. Qed.

Lemma sum_over points c f : sum points (fun x => f x / c) = sum points f / c.
Proof. unfold Rdiv; apply sum_times_r. Qed.

Lemma sum_zero points : sum points (fun _ => 0) = 0.
Proof. induction points as [|a rest IH]; simpl; [|rewrite IH]; ring. Qed.

Lemma sum_le points f g : (forall x, In x points -> f x <= g x) -> sum points f <= sum points g.
Proof.
  induction points as [|a rest IH]; simpl; intros H; [lra|].
  apply Rplus_le_compat; auto.
Qed.

Lemma sum_nonneg points f : (forall x, In x points -> 0 <= f x) -> 0 <= sum points f.
Proof. intros H; rewrite <- (sum_zero points); apply sum_le; exact H. Qed.

(** One strict inequality makes the sum's strict. *)
Lemma sum_lt points f g y :
  (forall x, In x points -> f x <= g x) -> In y points -> f y < g y -> sum points f < sum points g.
Proof.
  induction points as [|a rest IH]; simpl; intros H Hy Hlt; [contradiction|].
  destruct Hy as [->|Hy].
  - apply Rplus_lt_le_compat; [exact Hlt|apply sum_le; auto].
  - apply Rplus_le_lt_compat; auto.
Qed.

Lemma sum_pos points f y : (forall x, In x points -> 0 <= f x) -> In y points -> 0 < f y -> 0 < sum points f.
Proof. intros H Hy Hlt; rewrite <- (sum_zero points); apply (sum_lt _ _ _ y); auto. Qed.

(** A sum of terms of one sign is zero only if each of them is. *)
Lemma sum_eq_zero points f :
  (forall x, In x points -> 0 <= f x) -> sum points f = 0 -> forall x, In x points -> f x = 0.
Proof.
  intros H H0 x Hx. destruct (H x Hx) as [Hlt|Heq]; [|auto].
  pose proof (sum_pos points f x H Hx Hlt); lra.
Qed.

(** One sum below another, term by term, is equal to it only if each term is. *)
Lemma sum_eq_terms points f g :
  (forall x, In x points -> f x <= g x) -> sum points f = sum points g -> forall x, In x points -> f x = g x.
Proof.
  intros H Heq x Hx.
  assert (g x - f x = 0); [|lra].
  apply (sum_eq_zero points (fun x => g x - f x)); auto.
  - intros z Hz; specialize (H z Hz); lra.
  - rewrite sum_minus; lra.
Qed.

(** A term is at most the sum, where none is negative. *)
Lemma sum_term points f y : (forall x, In x points -> 0 <= f x) -> In y points -> f y <= sum points f.
Proof.
  induction points as [|a rest IH]; simpl; intros H Hy; [contradiction|].
  destruct Hy as [->|Hy].
  - pose proof (sum_nonneg rest f (fun x Hx => H x (or_intror Hx))); lra.
  - pose proof (H a (or_introl eq_refl)); pose proof (IH (fun x Hx => H x (or_intror Hx)) Hy); lra.
Qed.

(** If a sum is positive, one of its terms is. *)
Lemma sum_pos_inv points f : 0 < sum points f -> exists y, In y points /\ 0 < f y.
Proof.
  induction points as [|a rest IH]; simpl; intros H; [lra|].
  destruct (Rlt_dec 0 (f a)) as [Ha|Ha]; [exists a; auto|].
  destruct IH as (y & Hy & Hlt); [lra|exists y; auto].
Qed.

Lemma sum_abs points f : Rabs (sum points f) <= sum points (fun x => Rabs (f x)).
Proof.
  induction points as [|a rest IH]; simpl; [rewrite Rabs_R0; lra|].
  eapply Rle_trans; [apply Rabs_triang|apply Rplus_le_compat_l, IH].
Qed.

(** Product of two sums as a double sum. *)
Lemma sum_product points others f g :
  sum points (fun x => sum others (fun y => f x * g y)) = sum points f * sum others g.
Proof.
  induction points as [|a rest IH]; simpl; [ring|].
  rewrite IH, sum_times; ring.
Qed.

End Sums.

(** The order of two sums does not matter. *)
Lemma sum_swap {X Y : Type} (points : list X) (others : list Y) f :
  sum points (fun x => sum others (fun y => f x y)) = sum others (fun y => sum points (fun x => f x y)).
Proof.
  induction points as [|a rest IH]; simpl; [rewrite sum_zero; reflexivity|].
  rewrite IH, sum_plus; reflexivity.
Qed.

(** Cauchy and Schwarz: (sum f g)^2 <= (sum f^2) (sum g^2). *)
Lemma cauchy_schwarz {X : Type} (points : list X) f g :
  (sum points (fun x => f x * g x))² <= sum points (fun x => (f x)²) * sum points (fun x => (g x)²).
Proof.
  assert (H : forall x y : R, sum points (fun z => (x * f z + y * g z)²) =
      x * x * sum points (fun z => (f z)²) + 2 * x * y * sum points (fun z => f z * g z) +
      y * y * sum points (fun z => (g z)²)).
  { intros x y. rewrite <- !sum_times, <- !sum_plus. apply sum_ext; intros; unfold Rsqr; ring. }
  set (a := sum points (fun z => (f z)²)) in *. set (b := sum points (fun z => f z * g z)) in *.
  set (c := sum points (fun z => (g z)²)) in *.
  assert (Ha : 0 <= a) by (apply sum_nonneg; intros; apply Rle_0_sqr).
  assert (Hc : 0 <= c) by (apply sum_nonneg; intros; apply Rle_0_sqr).
  assert (Hq : forall x y, 0 <= x * x * a + 2 * x * y * b + y * y * c).
  { intros; rewrite <- H; apply sum_nonneg; intros; apply Rle_0_sqr. }
  unfold Rsqr. destruct Ha as [Ha|Ha].
  - pose proof (Hq b (- a)) as H1.
    assert (H2 : 0 <= a * (a * c - b * b)) by lra.
    destruct (Rle_dec (b * b) (a * c)); [assumption|exfalso].
    assert (0 < a * (b * b - a * c)) by (apply Rmult_lt_0_compat; lra). lra.
  - rewrite <- Ha in *. pose proof (Hq (c + 1) (- b)) as H1.
    assert (0 <= b * b) by apply Rle_0_sqr.
    assert (0 <= (c + 2) * (b * b) -> b * b * (c+2) >= 0) by lra.
    assert (0 <= (c + 2) * (b * b)) by (apply Rmult_le_pos; lra).
    assert (H4 : (c + 2) * (b * b) <= 0) by lra.
    assert (b * b = 0); [|lra].
    destruct (Rmult_integral (c + 2) (b * b)); lra.
Qed.
