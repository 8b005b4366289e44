(** Proposition D.13 for the normal law: the one theorem here about a continuous score.

    [tail] is the integral of exp(-u^2/2) from t to infinity; its factor 1/sqrt(2 pi) cancels in every ratio below. *)

From Coq Require Import Reals Lra Classical.
From Coquelicot Require Import Coquelicot.
Open Scope R_scope.

Definition bell (u : R) : R := exp (- (u * u) / 2).

(** [is_tail S]: S(t) is the integral of the bell from t to infinity: S' = - bell, and S vanishes at infinity. *)
Definition is_tail (S : R -> R) : Prop := (forall t, is_derive S t (- bell t)) /\ is_lim S p_infty 0.

Lemma bell_pos u : 0 < bell u.
Proof. apply exp_pos. Qed.

Lemma bell_derive u : is_derive bell u (- u * bell u).
Proof. unfold bell; auto_derive; [exact I|unfold Rdiv; field]. Qed.

(** A function that falls strictly from t on and vanishes at infinity is positive at t. *)
Lemma falling_positive (f f' : R -> R) t :
  (forall u, t <= u -> is_derive f u (f' u)) -> (forall u, t < u -> f' u < 0) -> is_lim f p_infty 0 -> 0 < f t.
Proof.
  intros Hd Hn Hl.
  assert (Hdec : forall a b, t <= a -> a < b -> f b < f a).
  { intros a b Ha Hab. destruct (MVT_cor2 f f' a b Hab) as (c & Hc & Hc1 & Hc2).
    { intros c Hc; apply is_derive_Reals, Hd; lra. }
    assert (f' c < 0) by (apply Hn; lra). assert (0 < - f' c * (b - a)) by (apply Rmult_lt_0_compat; lra). lra. }
  assert (H1 : 0 <= f (t + 1)).
  { apply (is_lim_le_loc f (fun _ => f (t + 1)) p_infty 0 (f (t + 1))) in Hl; [exact Hl| |apply is_lim_const].
    exists (t + 1); intros u Hu; left; apply Hdec; lra. }
  pose proof (Hdec t (t + 1) (Rle_refl t) ltac:(lra)); lra.
Qed.

Section Tail.
Variable S : R -> R.
Hypothesis HS : is_tail S.

(** The inverse Mills ratio, which is tau(t) = E[Y | Y >= t], and the mean residual life m = lambda - t. *)
Definition hazard (t : R) : R := bell t / S t.

Lemma tail_pos t : 0 < S t.
Proof.
  apply (falling_positive S (fun u => - bell u)); [intros; apply HS|intros u _; pose proof (bell_pos u); lra|apply HS].
Qed.

(** bell(u) tends to 0: it is at most 2/u^2. *)
Lemma bell_lim : is_lim bell p_infty 0.
Proof.
  unfold bell. apply (is_lim_comp exp (fun u => - (u * u) / 2) p_infty 0 m_infty); [apply is_lim_exp_m| |exists 0; intros; discriminate].
  apply (is_lim_ext (fun u => (- / 2) * (u * u))); [intros; field|].
  evar_last; [apply is_lim_scal_l, is_lim_mult; [apply is_lim_id|apply is_lim_id|exact I]|].
  simpl. destruct (Rle_dec 0 (- / 2)) as [H|H]; [exfalso; lra|reflexivity].
Qed.

(** lambda > t. *)
Lemma hazard_above t : t < hazard t.
Proof.
  pose proof (tail_pos t) as Hp. unfold hazard.
  assert (H : 0 < bell t - t * S t).
  { apply (falling_positive (fun u => bell u - t * S u) (fun u => - u * bell u + t * bell u)).
    - intros u _. evar_last; [apply (is_derive_minus bell (fun u => t * S u)); [apply bell_derive|]|].
      + apply (is_derive_scal S u t), HS.
      + unfold minus, plus, opp; simpl; ring.
    - intros u Hu. pose proof (bell_pos u). assert (0 < (u - t) * bell u) by (apply Rmult_lt_0_compat; lra). lra.
    - replace (Finite 0) with (Finite (0 - t * 0)) by (f_equal; ring).
      apply is_lim_minus'; [apply bell_lim|apply (is_lim_scal_l S t p_infty 0), HS]. }
  apply (Rmult_lt_reg_r (S t)); [exact Hp|]. replace (bell t / S t * S t) with (bell t) by (field; lra). lra.
Qed.

(** lambda' = lambda (lambda - t). *)
Lemma hazard_derive t : is_derive hazard t (hazard t * (hazard t - t)).
Proof.
  pose proof (tail_pos t) as Hp. unfold hazard.
  evar_last; [apply (is_derive_div bell S); [apply bell_derive|apply HS|lra]|].
  unfold minus, plus, opp, scal, mult; simpl; unfold mult; simpl; field; lra.
Qed.

(** lambda < t + 1 for t >= 0: the mean residual life is below 1. *)
Lemma hazard_below t : 0 <= t -> hazard t < t + 1.
Proof.
  intros Ht. pose proof (tail_pos t) as Hp.
  assert (H : 0 < S t - bell t / (t + 1)).
  { apply (falling_positive (fun u => S u - bell u / (u + 1)) (fun u => - (u * bell u) / ((u + 1) * (u + 1)))).
    - intros u Hu. evar_last.
      + apply (is_derive_minus S (fun u => bell u / (u + 1))); [apply HS|].
        apply (is_derive_div bell (fun u => u + 1)); [apply bell_derive| |lra].
        apply (is_derive_plus (fun u => u) (fun _ => 1)); [apply is_derive_id|apply is_derive_const].
      + unfold minus, plus, opp, scal, mult, one, zero; simpl; unfold mult; simpl; unfold one; simpl; field; lra.
    - intros u Hu. pose proof (bell_pos u).
      assert (0 < u * bell u / ((u + 1) * (u + 1))); [|unfold Rdiv in *; lra].
      apply Rdiv_lt_0_compat; [|]; apply Rmult_lt_0_compat; lra.
    - replace (Finite 0) with (Finite (0 - 0 * 0)) by (f_equal; ring).
      apply is_lim_minus'; [apply HS|].
      apply (is_lim_div bell (fun u => u + 1) p_infty 0 p_infty); [apply bell_lim| |discriminate|exact I].
      apply (is_lim_plus (fun u => u) (fun _ => 1) p_infty p_infty 1 p_infty);
        [apply is_lim_id|apply is_lim_const|reflexivity]. }
  unfold hazard. apply (Rmult_lt_reg_r (S t / (t + 1))); [apply Rdiv_lt_0_compat; lra|].
  replace (bell t / S t * (S t / (t + 1))) with (bell t / (t + 1)) by (field; lra).
  replace ((t + 1) * (S t / (t + 1))) with (S t) by (field; lra). lra.
Qed.

Lemma soft_speed : / sqrt (2 * PI) < 1.
Proof.
  pose proof PI2_1 as H. rewrite <- Rinv_1. apply Rinv_1_lt_contravar; [lra|].
  rewrite <- sqrt_1 at 1. apply sqrt_lt_1; lra.
Qed.

(** The claims for one tail function. *)
Lemma ordering :
  (forall t, is_derive hazard t (hazard t * (hazard t - t)) /\ t < hazard t) /\
  (forall t, 0 <= t -> / sqrt (2 * PI) < / (hazard t - t)) /\
  (forall a b, 0 <= a -> a < b -> hazard a < hazard b /\
     / sqrt (2 * PI) < ln (S a / S b) / (hazard b - hazard a)).
Proof.
  assert (Hone : forall t, 0 <= t -> 0 < hazard t - t < 1).
  { intros t Ht; pose proof (hazard_above t); pose proof (hazard_below t Ht); lra. }
  pose proof soft_speed as Hs.
  split; [intros t; split; [apply hazard_derive|apply hazard_above]|split].
  - intros t Ht; specialize (Hone t Ht). apply Rlt_trans with 1; [exact Hs|].
    rewrite <- Rinv_1 at 1. apply Rinv_lt_contravar; lra.
  - intros a b Ha Hab.
    assert (Hpos : forall t, 0 <= t -> 0 < hazard t) by (intros t Ht; pose proof (hazard_above t); lra).
    assert (Hgrow : hazard a < hazard b).
    { destruct (MVT_cor2 hazard (fun t => hazard t * (hazard t - t)) a b Hab) as (c & Hc & Hca & Hcb).
      { intros c _; apply is_derive_Reals, hazard_derive. }
      pose proof (Hone c ltac:(lra)). pose proof (Hpos c ltac:(lra)).
      assert (0 < hazard c * (hazard c - c)) by (apply Rmult_lt_0_compat; lra).
      assert (0 < hazard c * (hazard c - c) * (b - a)) by (apply Rmult_lt_0_compat; lra). lra. }
    split; [exact Hgrow|].
    set (g := fun t => - ln (S t) - hazard t).
    destruct (MVT_cor2 g (fun t => hazard t - hazard t * (hazard t - t)) a b Hab) as (c & Hc & Hca & Hcb).
    { intros c Hc. apply is_derive_Reals. unfold g. evar_last.
      - apply (is_derive_minus (fun t => - ln (S t)) hazard); [|apply hazard_derive].
        apply (is_derive_opp (fun t => ln (S t))). apply (is_derive_comp ln S); [|apply HS].
        apply is_derive_Reals, derivable_pt_lim_ln, tail_pos.
      - unfold hazard, minus, plus, opp, scal, mult; simpl; unfold mult; simpl. pose proof (tail_pos c). field; lra. }
    pose proof (Hone c ltac:(lra)) as Hc1. pose proof (Hpos c ltac:(lra)) as Hc2.
    assert (0 < hazard c * (1 - (hazard c - c))) by (apply Rmult_lt_0_compat; lra).
    assert (0 < hazard c * (1 - (hazard c - c)) * (b - a)) by (apply Rmult_lt_0_compat; lra).
    pose proof (tail_pos a). pose proof (tail_pos b).
    assert (Hln : ln (S a / S b) = ln (S a) - ln (S b)).
    { unfold Rdiv; rewrite ln_mult, ln_Rinv by (auto; apply Rinv_0_lt_compat; auto); ring. }
    unfold g in Hc. apply Rlt_trans with 1; [exact Hs|].
    apply (Rmult_lt_reg_r (hazard b - hazard a)); [lra|]. rewrite Hln.
    replace ((ln (S a) - ln (S b)) / (hazard b - hazard a) * (hazard b - hazard a)) with (ln (S a) - ln (S b)) by (field; lra).
    lra.
Qed.

End Tail.

(** The integral of the bell converges: there is a tail. *)
Lemma bell_continuous u : continuous bell u.
Proof. apply (ex_derive_continuous (K := R_AbsRing) (V := R_NormedModule) bell u); exists (- u * bell u); apply bell_derive. Qed.

Lemma area_derive t : is_derive (RInt bell 0) t (bell t).
Proof.
  apply (is_derive_RInt bell (RInt bell 0) 0 t); [|apply bell_continuous].
  exists (mkposreal 1 Rlt_0_1); intros b _. apply (RInt_correct (V := R_CompleteNormedModule)), (ex_RInt_continuous (V := R_CompleteNormedModule)); intros; apply bell_continuous.
Qed.

Lemma area_increasing a b : a < b -> RInt bell 0 a < RInt bell 0 b.
Proof.
  intros Hab; destruct (MVT_cor2 (RInt bell 0) bell a b Hab) as (c & Hc & _).
  { intros; apply is_derive_Reals, area_derive. }
  pose proof (bell_pos c). assert (0 < bell c * (b - a)) by (apply Rmult_lt_0_compat; lra). lra.
Qed.

Lemma area_bounded x : 0 <= x -> RInt bell 0 x <= exp (/ 2).
Proof.
  intros [Hx|<-]; [|rewrite RInt_point; left; apply exp_pos].
  set (g := fun u => RInt bell 0 u + exp (/ 2 - u)).
  destruct (MVT_cor2 g (fun u => bell u - exp (/ 2 - u)) 0 x Hx) as (c & Hc & _).
  { intros c _; apply is_derive_Reals. unfold g.
    apply (is_derive_plus (RInt bell 0) (fun u => exp (/ 2 - u)) c (bell c) (- exp (/ 2 - c))); [apply area_derive|].
    auto_derive; [exact I|unfold Rminus; ring]. }
  assert (Hle : bell c <= exp (/ 2 - c)).
  { unfold bell. pose proof (Rle_0_sqr (c - 1)) as Hsq; unfold Rsqr in Hsq.
    destruct (Req_dec (- (c * c) / 2) (/ 2 - c)) as [->|Hne]; [lra|]. left; apply exp_increasing; lra. }
  assert (0 <= (exp (/ 2 - c) - bell c) * (x - 0)) by (apply Rmult_le_pos; lra).
  unfold g in Hc. assert (H0 : RInt bell 0 0 = 0) by apply (RInt_point (V := R_CompleteNormedModule) 0 bell). rewrite H0 in Hc.
  replace (/ 2 - 0) with (/ 2) in Hc by ring. pose proof (exp_pos (/ 2 - x)). lra.
Qed.

(** Below a least upper bound by eps there is a value: else L - eps were a bound. *)
Lemma near_least L (eps : posreal) :
  (forall b, is_upper_bound (fun y => exists x, 0 <= x /\ y = RInt bell 0 x) b -> L <= b) ->
  exists x, 0 <= x /\ L - eps < RInt bell 0 x.
Proof.
  intros H. apply NNPP; intros Hno. pose proof (cond_pos eps).
  assert (L <= L - eps); [|lra]. apply H; intros y (x & Hx & ->).
  apply Rnot_lt_le; intros Hlt; apply Hno; exists x; auto.
Qed.

Lemma tail_exists : exists S, is_tail S.
Proof.
  destruct (completeness (fun y => exists x, 0 <= x /\ y = RInt bell 0 x)) as (L & Hub & Hleast).
  - exists (exp (/ 2)); intros y (x & Hx & ->); apply area_bounded, Hx.
  - exists (RInt bell 0 0), 0; split; [lra|reflexivity].
  - exists (fun t => L - RInt bell 0 t); split.
    + intros t. replace (- bell t) with (0 - bell t) by ring.
      apply (is_derive_minus (fun _ => L) (RInt bell 0)); [apply (is_derive_const L)|apply area_derive].
    + replace (Finite 0) with (Finite (L - L)) by (f_equal; ring).
      apply is_lim_minus'; [apply is_lim_const|]. apply is_lim_spec; intros eps.
      assert (Hx : exists x, 0 <= x /\ L - eps < RInt bell 0 x).
      { apply near_least, Hleast. }
      destruct Hx as (x & Hx & Hlt). exists x; intros y Hy.
      pose proof (area_increasing x y Hy). assert (RInt bell 0 y <= L) by (apply Hub; exists y; split; [lra|reflexivity]).
      rewrite Rabs_left1; lra.
Qed.

(** Proposition D.13: the normal law has a tail S, and with lambda = bell/S: lambda' = lambda (lambda - t), lambda > t; for
    t >= 0 the hard path's speed 1/(lambda - t) exceeds the KLSC path's 1/sqrt(2 pi), and so does its average log(S(a)/S(b))/
    (lambda(b) - lambda(a)) over [a, b] with 0 <= a < b. *)
Theorem proposition_D_13 : (exists S, is_tail S) /\ forall S, is_tail S ->
  (forall t, is_derive (hazard S) t (hazard S t * (hazard S t - t)) /\ t < hazard S t) /\
  (forall t, 0 <= t -> / sqrt (2 * PI) < / (hazard S t - t)) /\
  (forall a b, 0 <= a -> a < b -> hazard S a < hazard S b /\
     / sqrt (2 * PI) < ln (S a / S b) / (hazard S b - hazard S a)).
Proof. split; [exact tail_exists|exact ordering]. Qed.
