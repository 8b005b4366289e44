(** Lemma D.7 and ours, all margins: tilting lowers the boundary mass at one threshold. *)

From Coq Require Import Reals List Lra.
From Coquelicot Require Import Rbar.
From Formal Require Import Sums Laws Basics Truncation.
Open Scope R_scope.

Section Boundary.
Context {X : Type}.
Implicit Types (points : list X) (p q psi : X -> R) (t d b : R) (B C : X -> bool).

Definition weight points p psi b B : R := probability points (fun x => p x * exp (b * psi x)) B.

Lemma tilt_probability points p psi b B :
  probability points (tilt points p psi b) B = weight points p psi b B / partition points p psi b.
Proof.
  unfold weight, probability; rewrite <- sum_over; apply sum_ext; intros x _; unfold tilt.
  destruct (B x); unfold Rdiv; ring.
Qed.

(** One pair of points, the lower in B and the higher in C, weighs less for B under the tilt. *)
Lemma pair_order p psi b B C (x y : X) : 0 <= b -> 0 < p x -> 0 < p y ->
  (B x = true -> C y = true -> psi x < psi y) ->
  (if B x then p x * exp (b * psi x) else 0) * (if C y then p y else 0) <=
  (if B x then p x else 0) * (if C y then p y * exp (b * psi y) else 0) /\
  (0 < b -> B x = true -> C y = true ->
   (if B x then p x * exp (b * psi x) else 0) * (if C y then p y else 0) <
   (if B x then p x else 0) * (if C y then p y * exp (b * psi y) else 0)).
Proof.
  intros Hb Hx Hy H. destruct (B x), (C y); split; try lra; try discriminate.
  - specialize (H eq_refl eq_refl). assert (b * psi x <= b * psi y) by (apply Rmult_le_compat_l; lra).
    assert (exp (b * psi x) <= exp (b * psi y)) by (destruct (Req_dec (b * psi x) (b * psi y)) as [->|];
      [lra|apply Rlt_le, exp_increasing; lra]).
    assert (0 < p x * p y) by (apply Rmult_lt_0_compat; assumption).
    replace (p x * exp (b * psi x) * p y) with (p x * p y * exp (b * psi x)) by ring.
    replace (p x * (p y * exp (b * psi y))) with (p x * p y * exp (b * psi y)) by ring.
    apply Rmult_le_compat_l; lra.
  - intros Hb' _ _. specialize (H eq_refl eq_refl).
    assert (exp (b * psi x) < exp (b * psi y)) by (apply exp_increasing, Rmult_lt_compat_l; assumption).
    assert (0 < p x * p y) by (apply Rmult_lt_0_compat; assumption).
    replace (p x * exp (b * psi x) * p y) with (p x * p y * exp (b * psi x)) by ring.
    replace (p x * (p y * exp (b * psi y))) with (p x * p y * exp (b * psi y)) by ring.
    apply Rmult_lt_compat_l; assumption.
Qed.

(** Tilting moves weight from a lower event to a higher one, strictly if both have points. *)
Lemma weights_order points p psi b B C : prior points p -> 0 <= b ->
  (forall x y, In x points -> In y points -> B x = true -> C y = true -> psi x < psi y) ->
  weight points p psi b B * probability points p C <= probability points p B * weight points p psi b C /\
  (0 < b -> (exists x, In x points /\ B x = true) -> (exists y, In y points /\ C y = true) ->
   weight points p psi b B * probability points p C < probability points p B * weight points p psi b C).
Proof.
  intros [Hp _] Hb H. unfold weight, probability. rewrite <- !sum_product. split.
  - apply sum_le; intros x Hx; apply sum_le; intros y Hy.
    apply (pair_order p psi b B C x y Hb (Hp x Hx) (Hp y Hy)); auto.
  - intros Hb' (x & Hx & HBx) (y & Hy & HCy). apply (sum_lt _ _ _ x); [|exact Hx|].
    + intros z Hz; apply sum_le; intros w Hw. apply (pair_order p psi b B C z w Hb (Hp z Hz) (Hp w Hw)); auto.
    + apply (sum_lt _ _ _ y); [|exact Hy|].
      * intros w Hw. apply (pair_order p psi b B C x w Hb (Hp x Hx) (Hp w Hw)); auto.
      * apply (pair_order p psi b B C x y Hb (Hp x Hx) (Hp y Hy)); auto.
Qed.

(** The share of a lower part, of a whole above zero. *)
Lemma share_order w1 w2 u1 u2 : 0 < w1 + w2 -> 0 < u1 + u2 -> w1 * u2 <= u1 * w2 -> w1 / (w1 + w2) <= u1 / (u1 + u2).
Proof.
  intros Hw Hu H. apply (Rmult_le_reg_r ((w1 + w2) * (u1 + u2))); [apply Rmult_lt_0_compat; assumption|].
  replace (w1 / (w1 + w2) * ((w1 + w2) * (u1 + u2))) with (w1 * u1 + w1 * u2) by (field; lra).
  replace (u1 / (u1 + u2) * ((w1 + w2) * (u1 + u2))) with (w1 * u1 + u1 * w2) by (field; lra). lra.
Qed.

Lemma share_strict w1 w2 u1 u2 : 0 < w1 + w2 -> 0 < u1 + u2 -> w1 * u2 < u1 * w2 -> w1 / (w1 + w2) < u1 / (u1 + u2).
Proof.
  intros Hw Hu H. apply (Rmult_lt_reg_r ((w1 + w2) * (u1 + u2))); [apply Rmult_lt_0_compat; assumption|].
  replace (w1 / (w1 + w2) * ((w1 + w2) * (u1 + u2))) with (w1 * u1 + w1 * u2) by (field; lra).
  replace (u1 / (u1 + u2) * ((w1 + w2) * (u1 + u2))) with (w1 * u1 + u1 * w2) by (field; lra). lra.
Qed.

Lemma shell_true psi t d (x : X) : shell psi t d x = true <-> t <= psi x < t + d.
Proof.
  unfold shell; destruct (Rle_dec t (psi x)), (Rlt_dec (psi x) (t + d)); split; intros H; try lra; try reflexivity;
  discriminate.
Qed.

Lemma boundary_tilt points p psi t d b : prior points p -> reached points psi t -> 0 <= d ->
  boundary_mass points (tilt points p psi b) psi t d =
  weight points p psi b (shell psi t d) / (weight points p psi b (shell psi t d) + weight points p psi b (above psi (t + d))) /\
  0 < weight points p psi b (shell psi t d) + weight points p psi b (above psi (t + d)).
Proof.
  intros Hp Ht Hd. pose proof (partition_pos points p psi b Hp) as HZ.
  pose proof (survival_pos points _ psi t (tilt_prior points p psi b Hp) Ht) as HS.
  unfold boundary_mass. rewrite (survival_shell points _ psi t d Hd) in *.
  unfold survival in *. rewrite !tilt_probability in *.
  assert (H : 0 < weight points p psi b (shell psi t d) + weight points p psi b (above psi (t + d))).
  { apply (Rmult_lt_reg_r (/ partition points p psi b)); [apply Rinv_0_lt_compat, HZ|]. lra. }
  split; [field; lra|exact H].
Qed.

Lemma boundary_hard points p psi t d : prior points p -> reached points psi t -> 0 <= d ->
  boundary_mass points (truncation points p psi t) psi t d =
  probability points p (shell psi t d) /
    (probability points p (shell psi t d) + probability points p (above psi (t + d))) /\
  0 < probability points p (shell psi t d) + probability points p (above psi (t + d)).
Proof.
  intros Hp Ht Hd. pose proof (survival_pos points p psi t Hp Ht) as HS.
  rewrite lemma_D_6 by assumption. rewrite (survival_shell points p psi t d Hd) in *.
  unfold survival in *. split; [field; lra|exact HS].
Qed.

(** Ours, all margins: for every b >= 0 and margin d the tilt has at most the truncation's boundary mass at t, ties
    included; for b > 0 they are equal only if the shell or what lies above it has no point. *)
Theorem ours_all_margins points p psi t d b : prior points p -> reached points psi t -> 0 < d -> 0 <= b ->
  boundary_mass points (tilt points p psi b) psi t d <= boundary_mass points (truncation points p psi t) psi t d /\
  (0 < b -> (boundary_mass points (tilt points p psi b) psi t d = boundary_mass points (truncation points p psi t) psi t d <->
     ~ (exists x, In x points /\ t <= psi x < t + d) \/ ~ (exists x, In x points /\ t + d <= psi x))).
Proof.
  intros Hp Ht Hd Hb.
  destruct (boundary_tilt points p psi t d b Hp Ht (Rlt_le _ _ Hd)) as [-> Hw].
  destruct (boundary_hard points p psi t d Hp Ht (Rlt_le _ _ Hd)) as [-> Hu].
  assert (Ho : forall x y, In x points -> In y points -> shell psi t d x = true -> above psi (t + d) y = true -> psi x < psi y).
  { intros x y _ _ Hx Hy; apply shell_true in Hx; apply above_true in Hy; lra. }
  destruct (weights_order points p psi b _ _ Hp Hb Ho) as [Hle Hlt].
  split; [apply share_order; assumption|]. intros Hb'; split.
  - intros He.
    assert (Hx : (exists x, In x points /\ shell psi t d x = true) -> ~ (exists x, In x points /\ t + d <= psi x)).
    { intros Hx (y & Hy & Hty). assert (Hs : weight points p psi b (shell psi t d) /
        (weight points p psi b (shell psi t d) + weight points p psi b (above psi (t + d))) <
        probability points p (shell psi t d) /
        (probability points p (shell psi t d) + probability points p (above psi (t + d)))); [|lra].
      apply share_strict; auto. apply Hlt; auto. exists y; split; [exact Hy|apply above_true; exact Hty]. }
    destruct (Req_dec (probability points p (shell psi t d)) 0) as [H0|H0].
    + left; intros (x & Hxp & Hxs). assert (0 < probability points p (shell psi t d)); [|lra].
      apply (probability_pos _ _ _ x); auto; [apply (prior_law _ _ Hp)|apply shell_true; exact Hxs|apply (proj1 Hp), Hxp].
    + right; apply Hx. pose proof (probability_nonneg points p (shell psi t d) (proj1 (prior_law _ _ Hp))) as Hn.
      destruct (probability_pos_inv points p (shell psi t d)) as (x & Hxp & Hxs & _); [lra|exists x; auto].
  - assert (Hz : forall B f, (forall x, In x points -> B x = false) -> probability points f B = 0).
    { intros B f HB; unfold probability; rewrite (sum_ext _ _ (fun _ => 0)); [apply sum_zero|].
      intros x Hx; rewrite HB by exact Hx; reflexivity. }
    intros [H|H].
    + assert (Hs : forall x, In x points -> shell psi t d x = false).
      { intros x Hx; destruct (shell psi t d x) eqn:E; [|reflexivity]. apply shell_true in E; exfalso; apply H; exists x; auto. }
      unfold weight in *; rewrite !(Hz _ _ Hs); unfold Rdiv; ring.
    + assert (Hs : forall x, In x points -> above psi (t + d) x = false).
      { intros x Hx; destruct (above psi (t + d) x) eqn:E; [|reflexivity]. apply above_true in E; exfalso; apply H; exists x; auto. }
      unfold weight in *; rewrite !(Hz _ _ Hs) in *; field; lra.
Qed.

(** Lemma D.7 on a finite set, where the hazard at t is the jump P(psi = t)/S(t): for b > 0 the tilt's is
    P(psi = t) exp(b t)/(sum of p exp(b psi) above t), at most the prior's, and less if a point lies at t and one above. *)
Theorem lemma_D_7 points p psi t b : prior points p -> reached points psi t -> 0 < b ->
  atom points (tilt points p psi b) psi t / survival points (tilt points p psi b) psi t =
    atom points p psi t * exp (b * t) / weight points p psi b (above psi t) /\
  atom points (tilt points p psi b) psi t / survival points (tilt points p psi b) psi t <=
    atom points p psi t / survival points p psi t /\
  ((exists x, In x points /\ psi x = t) -> (exists y, In y points /\ t < psi y) ->
   atom points (tilt points p psi b) psi t / survival points (tilt points p psi b) psi t <
    atom points p psi t / survival points p psi t).
Proof.
  intros Hp Ht Hb. destruct (narrow_shell points psi t) as (e & He & Hn).
  assert (Hat : forall q, atom points q psi t / survival points q psi t = boundary_mass points q psi t e).
  { intros q; unfold boundary_mass; f_equal. apply sum_ext; intros x Hx. rewrite (Hn e He (Rle_refl e) x Hx); reflexivity. }
  destruct (lemma_D_6_limit points p psi t Hp Ht) as (e' & He' & _).
  assert (Hhard : boundary_mass points (truncation points p psi t) psi t e = boundary_mass points p psi t e).
  { destruct (boundary_hard points p psi t e Hp Ht (Rlt_le _ _ He)) as [-> _].
    unfold boundary_mass; rewrite (survival_shell points p psi t e (Rlt_le _ _ He)); reflexivity. }
  rewrite !Hat.
  destruct (ours_all_margins points p psi t e b Hp Ht He (Rlt_le _ _ Hb)) as [Hle Heq]. rewrite Hhard in *.
  split; [|split; [exact Hle|]].
  - rewrite <- Hat. pose proof (partition_pos points p psi b Hp).
    pose proof (survival_pos points _ psi t (tilt_prior points p psi b Hp) Ht) as HS.
    unfold atom, survival in *. rewrite !tilt_probability in *.
    assert (Hw : weight points p psi b (fun x => if Req_EM_T (psi x) t then true else false) =
      probability points p (fun x => if Req_EM_T (psi x) t then true else false) * exp (b * t)).
    { unfold weight, probability; rewrite <- sum_times_r; apply sum_ext; intros x _.
      destruct (Req_EM_T (psi x) t) as [->|]; ring. }
    rewrite Hw. assert (0 < weight points p psi b (above psi t)).
    { apply (Rmult_lt_reg_r (/ partition points p psi b)); [apply Rinv_0_lt_compat; assumption|]. lra. }
    field; lra.
  - intros (x & Hx & Hxt) (y & Hy & Hyt). destruct Hle as [Hlt|He2]; [exact Hlt|].
    apply (Heq Hb) in He2. exfalso. destruct He2 as [Hno|Hno]; apply Hno.
    + exists x; split; [exact Hx|lra].
    + exists y; split; [exact Hy|]. pose proof (Hn e He (Rle_refl e) y Hy) as Hs.
      destruct (Req_EM_T (psi y) t); [lra|]. unfold shell in Hs.
      destruct (Rle_dec t (psi y)); [|lra]. destruct (Rlt_dec (psi y) (t + e)); [discriminate|lra].
Qed.

End Boundary.
