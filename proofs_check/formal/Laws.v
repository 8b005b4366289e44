(** The definitions: laws on a finite list of points, and what the statements say about them.

    A law gives each point of the list a mass. The prior [p] has positive masses; a law [q] may leave points out.
    A score [psi] is any real function. Lists stand for finite sets: no two points need have the same score. *)

From Coq Require Import Reals List Lra.
From Coquelicot Require Import Rbar.
From Formal Require Import Sums.
Open Scope R_scope.

Section Laws.
Context {X : Type}.
Implicit Types (points : list X) (p q psi f : X -> R) (t d b : R).

(** Masses that are not negative and sum to 1. *)
Definition law points q : Prop := (forall x, In x points -> 0 <= q x) /\ sum points q = 1.

(** A law that gives every point a positive mass. *)
Definition prior points p : Prop := (forall x, In x points -> 0 < p x) /\ sum points p = 1.

(** Two functions that agree on the points: there the laws are the same. *)
Definition same points (f g : X -> R) : Prop := forall x, In x points -> f x = g x.

(** E_q[f]. *)
Definition mean points q f : R := sum points (fun x => q x * f x).

(** Var_q(f). *)
Definition variance points q f : R := mean points q (fun x => (f x - mean points q f)²).

(** q << p: where p has no mass, q has none. *)
Definition dominated points q p : Prop := forall x, In x points -> p x = 0 -> q x = 0.

(** sum q log(q/p), in nats, for q << p; a term with q = 0 is 0. *)
Definition kl points q p : R := sum points (fun x => q x * ln (q x / p x)).

Lemma dominated_dec points q p : {dominated points q p} + {~ dominated points q p}.
Proof.
  induction points as [|a rest [IH|IH]].
  - left; intros x [].
  - destruct (Req_EM_T (p a) 0) as [Hp|Hp].
    + destruct (Req_EM_T (q a) 0) as [Hq|Hq].
      * left; intros x [<-|Hx] Hx0; [exact Hq|exact (IH x Hx Hx0)].
      * right; intros H; exact (Hq (H a (or_introl eq_refl) Hp)).
    + left; intros x [<-|Hx] Hx0; [contradiction|exact (IH x Hx Hx0)].
  - right; intros H; apply IH; intros x Hx; exact (H x (or_intror Hx)).
Defined.

(** KL(q || p): infinite unless q << p. *)
Definition KL points q p : Rbar := if dominated_dec points q p then Finite (kl points q p) else p_infty.

(** Half the L1 distance. *)
Definition TV points q p : R := / 2 * sum points (fun x => Rabs (q x - p x)).

(** q(B) for an event B. *)
Definition probability points q (B : X -> bool) : R := sum points (fun x => if B x then q x else 0).

(** The event A_t = {psi >= t}, and the shell {t <= psi < t + d}. *)
Definition above psi t : X -> bool := fun x => if Rle_dec t (psi x) then true else false.
Definition shell psi t d : X -> bool :=
  fun x => if Rle_dec t (psi x) then (if Rlt_dec (psi x) (t + d) then true else false) else false.

(** S(t) = p(A_t). *)
Definition survival points p psi t : R := probability points p (above psi t).

(** q given B: all mass outside B is taken away, the rest is scaled up. *)
Definition conditioned points q (B : X -> bool) : X -> R :=
  fun x => (if B x then q x else 0) / probability points q B.

(** The hard solution q_t = p 1{psi >= t}/S(t). *)
Definition truncation points p psi t : X -> R := conditioned points p (above psi t).

(** q with weights w: q w / sum of q w. *)
Definition reweighted points p (w : X -> R) : X -> R := fun x => p x * w x / sum points (fun y => p y * w y).

(** Z(b), A(b) and the tilt q_b = p exp(b psi)/Z(b). *)
Definition partition points p psi b : R := sum points (fun x => p x * exp (b * psi x)).
Definition log_partition points p psi b : R := ln (partition points p psi b).
Definition tilt points p psi b : X -> R := fun x => p x * exp (b * psi x) / partition points p psi b.

(** M_d(q; t) = q(t <= psi < t + d)/q(psi >= t). *)
Definition boundary_mass points q psi t d : R :=
  probability points q (shell psi t d) / survival points q psi t.

(** A level [t] that some point reaches. *)
Definition reached points psi t : Prop := exists x, In x points /\ t <= psi x.

End Laws.
