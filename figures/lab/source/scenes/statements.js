/** The statements that scenes end with: the label as in the registry of the project, the claim in plain words. */

export const CLAIMS = {
  "Lemma D.1": "Of all q that live on {ψ ≥ t}, the truncation is the closest to p: KL(truncation‖p) = −log P(ψ ≥ t).",
  "Lemma D.4": "Of all q with mean score at least τ, the tilt p·exp(βψ)/Z is the closest to p: KL(tilt‖p) = βτ − log Z.",
  "Theorem D.14": "At the mean score of a truncation the tilt has a KL to p that is at most as large.",
  "Ours: gap": "The difference of the two KLs is KL(truncation‖tilt), above zero for every finite β.",
  "Lemma D.7": "At the same threshold the hazard of the tilt is at most that of p, and so of the truncation.",
  "Ours: all margins": "At the same threshold the boundary mass of the tilt is at most that of the truncation, for every width.",
  "Lemma D.8": "KL from a truncation to one with a higher threshold is infinite.",
  "Lemma D.10": "TV between truncations at t < t′ is 1 − P(ψ ≥ t′)/P(ψ ≥ t).",
  "Lemma D.12": "Along the tilts TV changes by E|ψ − τ|/(2 Var ψ) per unit of mean score.",
  "Ours: crossing": "For a standard Gaussian score the truncation moves faster than the tilt exactly above a threshold of about −2.49.",
  "Ours: score law": "KL, TV, boundary mass and the levels depend on p and ψ only through the law of the score.",
  "Lemma F.2": "Maximisers of ψ − λR are the modes of exp(ψ − λR): the penalty stands in for p.",
  "Theorem G.3": "Guided by log E[exp(βψ(X₀)) | x_t], the reverse diffusion ends in the tilt.",
  "Remark G.4": "EnergyDPS uses ψ at the denoised estimate instead, which is an approximation.",
  "Ours: factor of two": "Where that guidance is constant along the probability flow, the chain ends in the tilt by twice the strength.",
  "Theorem F.7": "Whoever has at least mean τ pays KL(q‖p) ≥ KL(tilt‖p) + KL(q‖tilt); with mean above τ the overshoot comes on top.",
  "Lemma F.1": "As β grows, the weights of a finite pool gather on its highest scores.",
  "Ours: effective sample size": "1/Σw² falls from the size of the pool to the number of its highest scores as β grows.",
};

/** The name of a statement's page on the site: "Theorem D.14" -> "theorem-d-14". */
export const slug = (label) => label.toLowerCase().replace(/[^a-z0-9]+/g, "-");

/** What `dview where` takes for a label: "D.14", or the label itself, quoted, where it has no number. */
export function command(label) {
  const number = /^(?:Lemma|Theorem|Remark|Definition|Proposition|Assumption) (.+)$/.exec(label)?.[1];
  return `dview where ${number ?? `"${label}"`}`;
}
