"""Sentences of the code for readers: ASCII names of letters become letters, indices become indices.

    "E_(q_beta)[psi] >= tau"   ->   E<sub>q<sub>β</sub></sub>[ψ] ≥ τ

Code between backticks stays as it is.
"""

import html
import re
import unicodedata

GREEK = "alpha|beta|gamma|delta|epsilon|zeta|eta|theta|kappa|mu|nu|xi|pi|rho|sigma|tau|phi|chi|psi"
OTHER = {"lambda": "λ", "eps": "ε", "inf": "∞", "Delta": "Δ", "Phi": "Φ"}
SIGNS = {"&gt;=": "≥", "&lt;=": "≤", "-&gt;": "→", "&lt;&lt;": "≪", "||": "‖", " - ": " − ", "+inf": "+∞"}
WHOLE = {"x0_hat": "x̂<sub>0</sub>", "x_hat": "x̂", "alpha_bar": "ᾱ", "x_0 hat": "x̂<sub>0</sub>", "alpha bar": "ᾱ"}
_LETTER = re.compile(rf"(?<![A-Za-z])({GREEK}|{'|'.join(OTHER)})(?![A-Za-z])")
_BASE = r"(?<![A-Za-z0-9_])([A-Za-zᾱ]|[α-ωΔΦ]|x̂|Var)"
_SUBSCRIPT = re.compile(rf"{_BASE}_([A-Za-z0-9α-ω]+'*)")
_BRACKETED = re.compile(rf"{_BASE}_\(([^()]*)\)")
_POWER = re.compile(r"(?<=[\w)|])\^(-?\w+|\([^()]*\))")


def readable(text: str) -> str:
    """A sentence as Markdown with Greek letters, signs and indices; nothing in it is taken for markup."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(part if k % 2 else _letters(part) for k, part in enumerate(parts))


def _letters(text: str) -> str:
    text = html.escape(text, quote=False)
    for name, letter in {**SIGNS, **WHOLE}.items():
        text = text.replace(name, letter)
    text = re.sub(r"(?<![A-Za-z])sqrt(?=\()", "√", text)
    text = _LETTER.sub(lambda m: OTHER.get(m[1]) or unicodedata.lookup(f"GREEK SMALL LETTER {m[1]}"), text)
    text = _SUBSCRIPT.sub(r"\1<sub>\2</sub>", text)
    text = _BRACKETED.sub(r"\1<sub>\2</sub>", text)
    text = _POWER.sub(lambda m: f"<sup>{m[1].removeprefix('(').removesuffix(')')}</sup>", text)
    for sign in "[]{}*_|":
        text = text.replace(sign, f"&#{ord(sign)};")
    return text


def first_paragraph(docstring: str | None) -> str:
    """The first paragraph of a docstring on one line; empty if there is none."""
    return " ".join((docstring or "").strip().partition("\n\n")[0].split())
