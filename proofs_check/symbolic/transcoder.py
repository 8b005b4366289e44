"""Appendix C.1, symbolically: the convolutional transcoder against the position-wise sparse autoencoder.

Tensors are small (a 3 x 3 grid, two channels, two features) and their entries are symbols, so that each equality is
one of polynomials in the activations and the weights. Top-k sees only the order of a code's entries and their
signs; integer vectors over enough values run through every such pattern.
"""

from collections.abc import Callable, Sequence
from itertools import product

import sympy as sp

from distributional_view.proofs_check.algebra import equal, real
from distributional_view.proofs_check.evidence import evidence, expect

HEIGHT, WIDTH, CHANNELS, FEATURES = 3, 3, 2, 2
Tap = tuple[int, int]
GRID = tuple(product(range(HEIGHT), range(WIDTH)))


def _activations() -> dict[Tap, sp.Matrix]:
    """X on the grid (37): a row of channels at each position."""
    return {(i, j): sp.Matrix([real(f"x_{i}_{j}_:{CHANNELS}")]) for i, j in GRID}


def _kernel(size: int, present: Callable[[Tap], bool] = lambda tap: True) -> dict[Tap, sp.Matrix]:
    """Weights C x F of each tap, by its offset from the centre; zero where a tap is not present."""
    reach = range(-(size // 2), size // 2 + 1)
    return {
        (a, b): sp.Matrix(CHANNELS, FEATURES, real(f"w_{a + 1}_{b + 1}_:{CHANNELS * FEATURES}"))
        if present((a, b))
        else sp.zeros(CHANNELS, FEATURES)
        for a, b in product(reach, reach)
    }


def _convolve(x: dict[Tap, sp.Matrix], kernel: dict[Tap, sp.Matrix], bias: sp.Matrix) -> dict[Tap, sp.Matrix]:
    """(38) with zero padding to the same size: pre-activation at n is the sum over offsets o of X[n + o] W[o], + b."""
    zero = sp.zeros(1, CHANNELS)
    return {
        (i, j): sum((x.get((i + a, j + b), zero) * w for (a, b), w in kernel.items()), sp.zeros(1, FEATURES)) + bias
        for i, j in x
    }


def _same(left: Sequence[sp.Matrix], right: Sequence[sp.Matrix], step: str) -> None:
    for n, (a, b) in enumerate(zip(left, right, strict=True)):
        for f in range(len(a)):
            equal(a[f], b[f], f"{step}, position {n}, feature {f}")


@evidence(
    "Appendix C.1",
    "symbolic",
    controls={
        "a 3 x 3 kernel": {"size": 3},
        "positions flattened by columns": {"flatten": sorted(GRID, key=lambda n: n[::-1])},
        "the pre-bias folded in with the wrong sign": {"fold": 1},
        "channels and features swapped in the weights": {"encoder": lambda w: w.T},
        "a dictionary for each position": {"shared": False, "breaks": "(40) against (34)"},
    },
    constants=("fold", "shared"),
)
def one_by_one_is_position_wise(
    size: int = 1,
    flatten: Sequence[Tap] = GRID,
    fold: int = -1,
    encoder: Callable[[sp.Matrix], sp.Matrix] = lambda w: w,
    shared: bool = True,
) -> str:
    """With a 1 x 1 kernel (37)-(38), flattened, give the pre-activations (X - b_pre) W_enc + b_enc of (32).

    So (40), one dictionary for all positions, gives the reconstructions (34) of the flattened codes, whatever is kept.
    """
    x, kernel = _activations(), _kernel(size)
    b_pre, b_enc = sp.Matrix([real(f"p_:{CHANNELS}")]), sp.Matrix([real(f"e_:{FEATURES}")])
    w_enc = encoder(kernel[0, 0])
    grid = _convolve(x, kernel, b_enc + fold * b_pre * kernel[0, 0])
    flat = [grid[n] for n in flatten]
    position_wise = [(x[n] - b_pre) * w_enc + b_enc for n in GRID]
    _same(flat, position_wise, "(38)-(39) against (32)")
    keeps = {n: sp.diag(*real(f"k_{n[0]}_{n[1]}_:{FEATURES}")) for n in GRID}  # 1 where top-k keeps a code, else 0
    b_dec, dictionary = sp.Matrix([real(f"d_:{CHANNELS}")]), sp.Matrix(FEATURES, CHANNELS, real("v_:4"))
    own = {n: sp.Matrix(FEATURES, CHANNELS, real(f"v_{n[0]}_{n[1]}_:4")) for n in GRID}
    image = [grid[n] * keeps[n] * (dictionary if shared else own[n]) + b_dec for n in flatten]
    stacked = sp.Matrix.vstack(*(code * keeps[n] for n, code in zip(GRID, position_wise, strict=True)))
    rows = stacked * dictionary + sp.ones(len(GRID), 1) * b_dec
    _same(image, [rows[n, :] for n in range(len(GRID))], "(40) against (34)")
    return (
        f"on a {HEIGHT} x {WIDTH} grid with symbolic entries the 1 x 1 convolution, flattened row by row, is"
        " (X - b_pre) W_enc + b_enc at each position, with b_pre folded into the bias; with one dictionary the same"
        " holds for the reconstructions (34), (40), for every choice of codes to keep. The project's own transcoder is"
        " drawn on the property rung"
    )


@evidence(
    "Appendix C.1",
    "symbolic",
    controls={
        "a convolution that flips its kernel": {"orientation": -1},
        "an encoder that sees its own position only": {"seen": lambda offset: offset == (0, 0)},
    },
)
def larger_kernels_see_neighbours(
    orientation: int = 1, seen: Callable[[Tap], bool] = lambda offset: max(map(abs, offset)) <= 1
) -> str:
    """d Z[n]/d X[m] is the tap at offset m - n: the transcoder is wider than the autoencoder, and contains it."""
    x, kernel = _activations(), _kernel(3)
    codes = _convolve(x, kernel, sp.zeros(1, FEATURES))
    for n, m in product(GRID, GRID):
        offset = (m[0] - n[0], m[1] - n[1])
        tap = kernel[orientation * offset[0], orientation * offset[1]] if seen(offset) else sp.zeros(CHANNELS, FEATURES)
        slope = codes[n].jacobian(x[m]).T
        for entry, weight in zip(slope, tap, strict=True):
            equal(entry, weight, f"dZ[{n}]/dX[{m}] is the tap at offset {offset}")
    centre = _kernel(3, lambda tap: tap == (0, 0))
    narrow = _convolve(x, centre, sp.zeros(1, FEATURES))
    _same([narrow[n] for n in GRID], [x[n] * centre[0, 0] for n in GRID], "only the centre tap")
    # Zero padding comes after the pre-bias, so a pre-bias is a bias of the convolution inside the grid only.
    b_pre = sp.Matrix([real(f"p_:{CHANNELS}")])
    shifted = _convolve({n: v - b_pre for n, v in x.items()}, kernel, sp.zeros(1, FEATURES))
    constant = -sum((b_pre * w for w in kernel.values()), sp.zeros(1, FEATURES))
    _same([shifted[1, 1]], [codes[1, 1] + constant], "a pre-bias is a bias in the interior")
    expect(
        sp.expand(shifted[0, 0][0] - codes[0, 0][0] - constant[0]) != 0, "a pre-bias is not a constant at the border"
    )
    return (
        "the Jacobian of a zero-padded 3 x 3 encoder is exactly its taps: it equals a position-wise map if and only if"
        " all taps but the centre vanish; its pre-bias can be folded into the bias inside the grid, not at its border"
    )


Code = tuple[int, ...]


def keep_largest(code: Code, k: int) -> frozenset[int]:
    """The k largest entries by value; ties go to the lower index."""
    return frozenset(sorted(range(len(code)), key=lambda f: (-code[f], f))[:k])


def keep_by_level(code: Code, k: int) -> frozenset[int]:
    """All entries not below the k-th largest: keeps more than k at ties."""
    return frozenset(f for f, v in enumerate(code) if v >= sorted(code)[-k])


def keep_by_size(code: Code, k: int) -> frozenset[int]:
    """The k largest by absolute value."""
    return frozenset(sorted(range(len(code)), key=lambda f: (-abs(code[f]), f))[:k])


@evidence(
    "Appendix C.1",
    "symbolic",
    controls={
        "ties all kept": {"keep": keep_by_level},
        "by absolute value": {"keep": keep_by_size},
        "one entry fewer": {"keep": lambda code, k: keep_largest(code, k - 1)},
        "never a zero among the kept": {"zeros_kept": lambda code, k: 0},
    },
)
def top_k_is_k_sparse(
    keep: Callable[[Code, int], frozenset[int]] = keep_largest,
    zeros_kept: Callable[[Code, int], int] = lambda code, k: max(0, min(k - sum(v > 0 for v in code), code.count(0))),
    features: int = 4,
) -> str:
    """(33), (39): top-k keeps exactly k entries, all the positive ones if there are at most k, and none that is
    beaten by one left out; entries that are not zero number k less the zeros it had to keep."""
    patterns = 0
    for code in product(range(-features, features + 1), repeat=features):  # every order of the entries and of zero
        for k in range(1, features + 1):
            kept = keep(code, k)
            left_out = set(range(features)) - kept
            expect(len(kept) == k, "exactly k positions are kept", code=code, k=k, kept=sorted(kept))
            beaten = [(f, g) for f in kept for g in left_out if code[f] < code[g]]
            expect(not beaten, "no kept entry is below one left out", code=code, k=k, kept=sorted(kept))
            above = sum(v > 0 for v in code)
            expect(sum(code[f] > 0 for f in kept) == min(k, above), "min(k, number > 0) positive entries", code=code)
            nonzero = sum(code[f] != 0 for f in kept)
            expect(
                nonzero == k - zeros_kept(code, k), "k-sparse unless zeros are kept", code=code, k=k, nonzero=nonzero
            )
            patterns += 1
    return (
        f"in all {patterns} order patterns of {features} features (zero and ties among them) top-k keeps k entries,"
        " min(k, number of positive ones) of them positive; the code has exactly k non-zero entries unless an entry"
        " that is exactly 0 is among the k largest"
    )
