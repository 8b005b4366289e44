(** Lemmas D.4 and D.9, Remark D.5, Theorem F.7: the tilt is the solution, how its mean moves, how far tilts are apart. *)

From Coq Require Import Reals List Lra.
From Coquelicot Require Import Coquelicot.
From Formal Require Import Sums Laws Basics Logarithm Divergence Reweighting Paths.
Open Scope R_scope.

Section Tilt.
Context {X : Type}.
Implicit Types (points : list X) (p q psi : X -> R) (b tau : R).

(** (51): KL(q || p) = b E_q[psi] - A(b) + KL(q || q_b), for every law q and real b. *)
Lemma tilt_identity points p q psi b : prior points p -> law points q ->
  kl points q p = b * mean points q psi - log_partition points p psi b + kl points q (tilt points p psi b).
Proof.
  intros Hp Hq. rewrite (kl_reweighted points p q (fun x => exp (b * psi x))); auto.
  - unfold log_partition, partition. change (reweighted points p (fun x => exp (b * psi x))) with (tilt points p psi b).
    assert (Hm : mean points q (fun x => ln (exp (b * psi x))) = b * mean points q psi); [|rewrite Hm; ring].
    unfold mean; rewrite <- sum_times; apply sum_ext; intros; rewrite ln_exp; ring.
  - intros; apply Rlt_le, exp_pos.
  - apply partition_pos, Hp.
  - intros x _ H; pose proof (exp_pos (b * psi x)); lra.
Qed.

Lemma kl_tilt points p psi b : prior points p ->
  kl points (tilt points p psi b) p =
  b * mean points (tilt points p psi b) psi - log_partition points p psi b.
Proof. intros Hp; rewrite (tilt_identity points p _ psi b Hp (tilt_law _ _ _ _ Hp)), kl_self; ring. Qed.

Lemma kl_to_prior points q p : prior points p -> law points q ->
  0 <= kl points q p /\ (kl points q p = 0 -> same points q p).
Proof.
  intros Hp Hq. pose proof (prior_dominates points p q Hp) as Hd.
  split; [apply kl_nonneg|apply kl_zero]; auto; apply prior_law, Hp.
Qed.

(** [q] is the only solution at level tau: of the least KL among all laws of at least that mean. *)
Definition only_solution points p psi tau q : Prop :=
  law points q /\ tau <= mean points q psi /\
  forall r, law points r -> tau <= mean points r psi ->
    Rbar_le (KL points q p) (KL points r p) /\ (KL points r p = KL points q p -> same points r q).

Lemma tilt_only points p psi b : prior points p -> 0 <= b ->
  only_solution points p psi (mean points (tilt points p psi b) psi) (tilt points p psi b).
Proof.
  intros Hp Hb. split; [apply tilt_law, Hp|split; [lra|]]. intros r Hr Hm.
  rewrite !KL_finite by (apply prior_dominates, Hp). simpl.
  rewrite (kl_tilt points p psi b Hp), (tilt_identity points p r psi b Hp Hr).
  destruct (kl_to_prior points r _ (tilt_prior _ _ psi b Hp) Hr) as [H0 H1].
  assert (b * mean points (tilt points p psi b) psi <= b * mean points r psi) by (apply Rmult_le_compat_l; assumption).
  split; [lra|]. intros E; injection E; intros He; apply H1; lra.
Qed.

(** Lemma D.4: at a level tau <= E_p[psi] the only solution is p. At every tau strictly between E_p[psi] and the maximum
    there is exactly one b with E_(q_b)[psi] = tau; it is positive, and the tilt q_b is the only solution among all laws
    of at least that mean, with KL(q_b || p) = b tau - A(b). That is the largest value of the dual: no other c gives
    c tau - A(c) as much. *)
Theorem lemma_D_4 points p psi M tau : prior points p -> maximum points psi M ->
  (tau <= mean points p psi -> only_solution points p psi tau p) /\
  (mean points p psi < tau < M -> exists b, 0 < b /\
     mean points (tilt points p psi b) psi = tau /\
     (forall c, mean points (tilt points p psi c) psi = tau -> c = b) /\
     only_solution points p psi tau (tilt points p psi b) /\
     KL points (tilt points p psi b) p = Finite (b * tau - log_partition points p psi b) /\
     forall c, c <> b -> c * tau - log_partition points p psi c < b * tau - log_partition points p psi b).
Proof.
  intros Hp HM; split; intros Ht.
  - split; [apply prior_law, Hp|split; [exact Ht|]]. intros r Hr _.
    rewrite !KL_finite by (apply prior_dominates, Hp). simpl. rewrite kl_self.
    destruct (kl_to_prior points r p Hp Hr) as [H0 H1].
    split; [exact H0|intros H; injection H; exact H1].
  - destruct (level_exists points p psi M tau Hp HM Ht) as (b & Hb & Hm).
    assert (Hn : not_constant points psi).
    { destruct HM as [(y & Hy & HyM) HM].
      destruct (law_point _ _ (prior_law _ _ Hp)) as (z & Hz & _).
      assert (Hex : exists x, In x points /\ psi x < M).
      { destruct (sum_pos_inv points (fun x => p x * (M - psi x))) as (x & Hx & Hlt).
        - pose proof (sum_minus points (fun x => p x * M) (fun x => p x * psi x)) as Hs.
          rewrite (sum_ext _ _ (fun x => p x * M - p x * psi x)) by (intros; ring).
          rewrite Hs, sum_times_r, (proj2 Hp). unfold mean in Ht; lra.
        - exists x; split; [exact Hx|]. pose proof (proj1 Hp x Hx).
          destruct (Rlt_dec (psi x) M) as [|Hge]; [assumption|].
          specialize (HM x Hx). replace (psi x) with M in Hlt by lra. replace (p x * (M - M)) with 0 in Hlt by ring. lra. }
      destruct Hex as (x & Hx & Hlt). exists x, y; repeat split; auto; lra. }
    exists b; split; [exact Hb|split; [exact Hm|]].
    assert (Hu : forall c, mean points (tilt points p psi c) psi = tau -> c = b).
    { intros c Hc. destruct (Rtotal_order c b) as [Hlt|[Heq|Hgt]]; [|exact Heq|].
      - pose proof (tilted_mean_strict points p psi c b Hp Hn Hlt); lra.
      - pose proof (tilted_mean_strict points p psi b c Hp Hn Hgt); lra. }
    split; [exact Hu|split; [|split]].
    + rewrite <- Hm; apply tilt_only; [exact Hp|lra].
    + rewrite KL_finite by (apply prior_dominates, Hp). f_equal. rewrite kl_tilt, Hm by exact Hp; reflexivity.
    + intros c Hc. rewrite <- Hm at 2. rewrite <- (kl_tilt points p psi b Hp).
      rewrite (tilt_identity points p (tilt points p psi b) psi c Hp (tilt_law _ _ _ _ Hp)), Hm.
      destruct (kl_to_prior points (tilt points p psi b) _ (tilt_prior _ _ psi c Hp) (tilt_law _ _ _ b Hp)) as [H0 H1].
      destruct H0 as [H0|H0]; [lra|]. exfalso; apply Hc, Hu.
      rewrite <- Hm; symmetry; apply mean_same, H1; auto.
Qed.

(** Remark D.5, (61)-(62): the derivative of the tilted mean is the variance under the tilt, which is not negative, and
    positive where the score is not constant; then the tilted mean grows strictly, so that b(tau) is unique. *)
Theorem remark_D_5 points p psi : prior points p ->
  (forall b, is_derive (fun c => mean points (tilt points p psi c) psi) b (variance points (tilt points p psi b) psi) /\
     0 <= variance points (tilt points p psi b) psi) /\
  (not_constant points psi ->
     (forall b, 0 < variance points (tilt points p psi b) psi) /\
     forall b c, b < c -> mean points (tilt points p psi b) psi < mean points (tilt points p psi c) psi).
Proof.
  intros Hp; split.
  - intros b; split; [apply tilted_mean_derive, Hp|apply variance_nonneg, tilt_law, Hp].
  - intros Hn; split; [intros b; apply variance_pos; [apply tilt_prior, Hp|exact Hn]|].
    intros b c; apply tilted_mean_strict; assumption.
Qed.

(** KL between two tilts, in Bregman form. *)
Lemma kl_tilts points p psi b c : prior points p ->
  kl points (tilt points p psi b) (tilt points p psi c) =
  log_partition points p psi c - log_partition points p psi b - (c - b) * mean points (tilt points p psi b) psi.
Proof.
  intros Hp. pose proof (tilt_identity points p _ psi c Hp (tilt_law _ _ psi b Hp)) as H.
  rewrite (kl_tilt points p psi b Hp) in H. lra.
Qed.

(** The mean value theorem with the point strictly between two ends in either order. *)
Lemma mean_value (f f' : R -> R) b c : b <> c -> (forall x, is_derive f x (f' x)) ->
  exists d, Rmin b c < d < Rmax b c /\ f c - f b = f' d * (c - b).
Proof.
  intros Hbc Hf. destruct (Rdichotomy b c Hbc) as [H|H].
  - destruct (MVT_cor2 f f' b c H) as (d & Hd & Hbd); [intros; apply is_derive_Reals, Hf|].
    exists d; rewrite Rmin_left, Rmax_right by lra; auto.
  - destruct (MVT_cor2 f f' c b H) as (d & Hd & Hbd); [intros; apply is_derive_Reals, Hf|].
    exists d; rewrite Rmin_right, Rmax_left by lra; split; [exact Hbd|lra].
Qed.

(** A(c) - A(b) - (c - b) A'(b) = (c - b)^2 A''/2 somewhere between: the mean value theorem, twice. *)
Lemma second_order (A m v : R -> R) b c : b <> c ->
  (forall x, is_derive A x (m x)) -> (forall x, is_derive m x (v x)) ->
  exists xi, Rmin b c < xi < Rmax b c /\ A c - A b - (c - b) * m b = (c - b)² * v xi / 2.
Proof.
  intros Hbc HA Hm. assert (Hsq : 0 < (c - b)²) by (apply Rsqr_pos_lt; lra).
  set (K := (A c - A b - (c - b) * m b) / (c - b)²).
  set (g := fun x => A x - A b - (x - b) * m b - K * (x - b)²).
  assert (Hg : forall x, is_derive g x (m x - m b - 2 * K * (x - b))).
  { intros x; unfold g, Rsqr. auto_derive; [exists (m x); apply HA|].
    replace (Derive (fun x0 => A x0) x) with (m x) by (symmetry; apply is_derive_unique, HA). ring. }
  destruct (mean_value g _ b c Hbc Hg) as (d & Hd & Hgd); cbv beta in Hgd.
  assert (Hgb : g b = 0) by (unfold g, Rsqr; ring).
  assert (Hgc : g c = 0) by (unfold g, K; field; lra).
  assert (Hd0 : m d - m b - 2 * K * (d - b) = 0).
  { rewrite Hgb, Hgc in Hgd. destruct (Rmult_integral (m d - m b - 2 * K * (d - b)) (c - b)); lra. }
  assert (Hdb : b <> d).
  { intros <-. destruct Hd as [H1 H2]. unfold Rmin, Rmax in *. destruct (Rle_dec b c); lra. }
  destruct (mean_value m v b d Hdb Hm) as (xi & Hxi & Hv). exists xi; split.
  - unfold Rmin, Rmax in *; destruct (Rle_dec b c), (Rle_dec b d); lra.
  - assert (Hk : v xi = 2 * K).
    { apply (Rmult_eq_reg_r (d - b)); lra. }
    rewrite Hk; unfold K; field; lra.
Qed.

(** Lemma D.9: KL(q_b || q_c) = A(c) - A(b) - (c - b) A'(b), where A'(b) = E_(q_b)[psi]; it is (c - b)^2 Var_(q_xi)(psi)/2
    for some xi between b and c, and tends to 0 as c -> b. *)
Theorem lemma_D_9 points p psi b : prior points p ->
  is_derive (log_partition points p psi) b (mean points (tilt points p psi b) psi) /\
  (forall c, KL points (tilt points p psi b) (tilt points p psi c) = Finite (log_partition points p psi c -
     log_partition points p psi b - (c - b) * mean points (tilt points p psi b) psi)) /\
  (forall c, b <> c -> exists xi, Rmin b c < xi < Rmax b c /\
     KL points (tilt points p psi b) (tilt points p psi c) =
     Finite ((c - b)² * variance points (tilt points p psi xi) psi / 2)) /\
  is_lim (fun c => kl points (tilt points p psi b) (tilt points p psi c)) b 0.
Proof.
  intros Hp. assert (Hd : forall c, dominated points (tilt points p psi b) (tilt points p psi c)).
  { intros c; apply prior_dominates, tilt_prior, Hp. }
  split; [apply log_partition_derive, Hp|split; [|split]].
  - intros c; rewrite KL_finite by apply Hd. f_equal; apply kl_tilts, Hp.
  - intros c Hbc. rewrite KL_finite by apply Hd. rewrite kl_tilts by exact Hp.
    destruct (second_order (log_partition points p psi) (fun x => mean points (tilt points p psi x) psi)
      (fun x => variance points (tilt points p psi x) psi) b c Hbc) as (xi & Hxi & He).
    + intros; apply log_partition_derive, Hp.
    + intros; apply tilted_mean_derive, Hp.
    + exists xi; split; [exact Hxi|f_equal; exact He].
  - set (h := fun c => log_partition points p psi c - log_partition points p psi b -
      (c - b) * mean points (tilt points p psi b) psi).
    apply (is_lim_ext h); [intros c; symmetry; apply kl_tilts, Hp|].
    replace (Finite 0) with (Finite (h b)) by (f_equal; unfold h; ring).
    apply is_lim_continuity, derivable_continuous_pt. exists (mean points (tilt points p psi b) psi -
      mean points (tilt points p psi b) psi).
    apply is_derive_Reals. unfold h. auto_derive.
    + exists (mean points (tilt points p psi b) psi); apply log_partition_derive, Hp.
    + replace (Derive (fun x => log_partition points p psi x) b) with (mean points (tilt points p psi b) psi)
        by (symmetry; apply is_derive_unique, log_partition_derive, Hp). ring.
Qed.

(** Theorem F.7: a law q of mean at least tau = E_(q_b)[psi], b >= 0, has KL(q || p) >= KL(q_b || p) + KL(q || q_b), with
    equality if its mean is tau. So the least KL(q || p) over the members of a family that reach tau is at least
    KL(q_b || p) and the least KL(q || q_b) over the whole family. *)
Theorem theorem_F_7 points p psi b : prior points p -> 0 <= b ->
  let tau := mean points (tilt points p psi b) psi in
  (forall q, law points q -> tau <= mean points q psi ->
     kl points (tilt points p psi b) p + kl points q (tilt points p psi b) <= kl points q p) /\
  (forall q, law points q -> mean points q psi = tau ->
     kl points q p = kl points (tilt points p psi b) p + kl points q (tilt points p psi b)) /\
  (forall family : (X -> R) -> Prop, (forall q, family q -> law points q) ->
     Rbar_le (Rbar_plus (kl points (tilt points p psi b) p)
                (Glb_Rbar (fun k => exists q, family q /\ k = kl points q (tilt points p psi b))))
       (Glb_Rbar (fun k => exists q, family q /\ tau <= mean points q psi /\ k = kl points q p))).
Proof.
  intros Hp Hb tau.
  assert (H1 : forall q, law points q -> tau <= mean points q psi ->
    kl points (tilt points p psi b) p + kl points q (tilt points p psi b) <= kl points q p).
  { intros q Hq Hm. rewrite (kl_tilt points p psi b Hp), (tilt_identity points p q psi b Hp Hq).
    pose proof (Rmult_le_compat_l b _ _ Hb Hm); unfold tau in *; lra. }
  split; [exact H1|split].
  - intros q Hq Hm. rewrite (kl_tilt points p psi b Hp), (tilt_identity points p q psi b Hp Hq), Hm; unfold tau; ring.
  - intros family Hf.
    set (E := fun k => exists q, family q /\ k = kl points q (tilt points p psi b)).
    destruct (Glb_Rbar_correct E) as [Hlow _].
    destruct (Glb_Rbar_correct (fun k => exists q, family q /\ tau <= mean points q psi /\ k = kl points q p)) as [_ Hgreat].
    apply Hgreat. intros k (q & Hq & Hm & ->).
    assert (HE : E (kl points q (tilt points p psi b))) by (exists q; auto).
    specialize (Hlow _ HE). specialize (H1 q (Hf q Hq) Hm).
    destruct (Glb_Rbar E) as [g| |]; simpl in *; [lra|contradiction|exact I].
Qed.

End Tilt.
