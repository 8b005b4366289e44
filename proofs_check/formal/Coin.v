(** The example in which wrong versions fail: two points, one of score 1 and mass 1/4, one of score 0 and mass 3/4. *)

From Coq Require Import Reals List Lra.
From Coquelicot Require Import Coquelicot.
From Formal Require Import Sums Laws Basics Divergence Reweighting Paths Tilt.
Import ListNotations.
Open Scope R_scope.

Definition sides : list bool := [true; false].
Definition coin : bool -> R := fun x => if x then 1/4 else 3/4.
Definition score : bool -> R := fun x => if x then 1 else 0.

Lemma coin_prior : prior sides coin.
Proof. split; [intros [|] _|]; unfold coin; simpl; lra. Qed.

Lemma score_varies : not_constant sides score.
Proof. exists true, false; unfold score; simpl; repeat split; auto; lra. Qed.

Lemma score_maximum : maximum sides score 1.
Proof. split; [exists true; simpl; auto|intros [|] _; unfold score; lra]. Qed.

Lemma coin_mean : mean sides coin score = 1/4.
Proof. unfold mean, coin, score; simpl; lra. Qed.

(** Survival at the levels that the examples use. *)
Lemma coin_survival t : survival sides coin score t =
  (if Rle_dec t 1 then 1/4 else 0) + (if Rle_dec t 0 then 3/4 else 0).
Proof.
  unfold survival, probability, above, sides, coin, score; simpl.
  destruct (Rle_dec t 1), (Rle_dec t 0); ring.
Qed.

Lemma coin_reached t : t <= 1 -> reached sides score t.
Proof. intros H; exists true; unfold score; simpl; auto. Qed.

Lemma tilts_differ b c : b <> c -> ~ same sides (tilt sides coin score b) (tilt sides coin score c).
Proof.
  intros Hbc H. pose proof (mean_same sides _ _ score H) as Hm.
  destruct (Rdichotomy b c Hbc) as [Hlt|Hgt].
  - pose proof (tilted_mean_strict sides coin score b c coin_prior score_varies Hlt); lra.
  - pose proof (tilted_mean_strict sides coin score c b coin_prior score_varies Hgt); lra.
Qed.

Lemma tilt_moves b : b <> 0 -> ~ same sides (tilt sides coin score b) coin.
Proof.
  intros Hb H; apply (tilts_differ b 0 Hb). intros x Hx.
  rewrite (tilt_zero sides coin score coin_prior x Hx); apply H, Hx.
Qed.

Lemma lower_mean b : b < 0 -> mean sides (tilt sides coin score b) score < mean sides coin score.
Proof.
  intros Hb; rewrite <- (mean_same sides _ _ score (tilt_zero sides coin score coin_prior)).
  apply tilted_mean_strict; [apply coin_prior|apply score_varies|exact Hb].
Qed.

(** Both divergences between the coin and a tilt of it are positive. *)
Lemma kl_tilt_pos b : b <> 0 -> 0 < kl sides (tilt sides coin score b) coin.
Proof.
  intros Hb. destruct (kl_to_prior sides (tilt sides coin score b) coin coin_prior (tilt_law _ _ _ _ coin_prior)) as [[H|H] H1];
    [exact H|]. exfalso; apply (tilt_moves b Hb), H1; auto.
Qed.
Lemma kl_back_pos b : b <> 0 -> 0 < kl sides coin (tilt sides coin score b).
Proof.
  intros Hb. destruct (kl_to_prior sides coin _ (tilt_prior sides coin score b coin_prior) (prior_law _ _ coin_prior)) as [[H|H] H1];
    [exact H|]. exfalso; apply (tilt_moves b Hb). intros x Hx; symmetry; apply H1; auto.
Qed.
