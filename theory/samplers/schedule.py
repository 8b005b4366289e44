"""The noise schedule of a discrete diffusion (DDPM) and the coefficients of its reverse step.

Forward: x_i = sqrt(alpha_bar_i) x_0 + sqrt(1 - alpha_bar_i) noise, with alpha_bar_0 = 1 > ... > alpha_bar_N > 0.
With alpha_i = alpha_bar_i/alpha_bar_(i-1), the reverse step from i to i - 1 uses the law of x_(i-1) given x_i and x_0,

    x_(i-1) = from_x_i x_i + from_x0_i x_0 + noise_sd_i z,
    from_x_i = sqrt(alpha_i) (1 - alpha_bar_(i-1))/(1 - alpha_bar_i),
    from_x0_i = sqrt(alpha_bar_(i-1)) (1 - alpha_i)/(1 - alpha_bar_i),
    noise_sd_i^2 = (1 - alpha_bar_(i-1)) (1 - alpha_i)/(1 - alpha_bar_i)   (zero at the last step, i = 1).

Paper: (208), Algorithm 1. The DDPM variances 1 - alpha_i (the usual letter beta_i is taken) are `variance`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from jaxtyping import Float, Int

from distributional_view.theory.errors import require

Spacing = Literal["time", "log-SNR", "Karras"]
_KARRAS = 7.0
"""The usual power of Karras et al. (2022), their rho."""


class Row(NamedTuple):
    """One reverse step, or, as columns, all of them from i = N to 1. Plain numbers or arrays of any library.

    `index` is i; `time` the index in the schedule that the denoiser was trained on; `signal` = sqrt(alpha_bar_i);
    `noise_variance` = 1 - alpha_bar_i; `from_x`, `from_x0` and `noise_sd` as in the module's docstring; `from_change`,
    the factor of the change of x0_hat since the step before (zero but for the solver of second order); `tilt_zeta` =
    (1 - alpha_i)/sqrt(alpha_i), the step along the gradient of a log-density (discretised Theorem G.3); `zeta` =
    zeta_i, the factor of the guidance; `cap`, the score beyond which there is no guidance.

    Example:
        >>> NoiseSchedule.linear().strided(4).rows.index.tolist()
        [4, 3, 2, 1]
    """

    index: Any
    time: Any
    signal: Any
    noise_variance: Any
    from_x: Any
    from_x0: Any
    from_change: Any
    noise_sd: Any
    tilt_zeta: Any
    zeta: Any
    cap: Any


@dataclass(frozen=True, eq=False)
class NoiseSchedule:
    """alpha_bar_0 = 1 > alpha_bar_1 > ... > alpha_bar_N > 0, the share of signal variance left after i steps.

    Args:
        alpha_bar: the N + 1 numbers, N >= 1.
        times: for each i >= 1 the step of the schedule that a denoiser was trained on, whole or between two of them;
            default 0, ..., N - 1.

    Raises:
        ValueError: unless the numbers start at 1 and decrease strictly to something positive.

    Example:
        >>> schedule = NoiseSchedule.linear()
        >>> schedule.steps, schedule.strided(50).steps, f"{schedule.alpha_bar[-1]:.1e}"
        (1000, 50, '4.0e-05')
    """

    alpha_bar: Float[np.ndarray, " n1"]
    times: Int[np.ndarray, " n"] | Float[np.ndarray, " n"] | None = None

    def __post_init__(self) -> None:
        a = self.alpha_bar
        require(a.ndim == 1 and a.size >= 2, "alpha_bar.shape", a.shape, "(N + 1,) with N >= 1")
        falling = bool((np.diff(a) < 0).all()) and a[0] == 1 and a[-1] > 0
        require(falling, "alpha_bar", a, "strictly decreasing from exactly 1 to a positive number")
        if self.times is not None:
            require(self.times.shape == (self.steps,), "times.shape", self.times.shape, f"({self.steps},)")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NoiseSchedule) and self._content == other._content

    def __hash__(self) -> int:
        return hash(self._content)

    @cached_property
    def _content(self) -> tuple[bytes, bytes | None]:
        """Equal levels and times are one schedule: what is compiled for one serves the other."""
        return self.alpha_bar.tobytes(), None if self.times is None else self.times.tobytes()

    @property
    def steps(self) -> int:
        """N."""
        return self.alpha_bar.size - 1

    @staticmethod
    def from_variances(variances: Float[np.ndarray, " n"]) -> "NoiseSchedule":
        """From the DDPM variances 1 - alpha_i, each in (0, 1)."""
        v = np.asarray(variances, dtype=np.float64)
        require(bool(((v > 0) & (v < 1)).all()) and v.size > 0, "variances", v, "in (0, 1), at least one")
        return NoiseSchedule(np.concatenate([[1.0], np.exp(np.cumsum(np.log1p(-v)))]))

    @staticmethod
    def linear(steps: int = 1000, first: float = 1e-4, last: float = 0.02) -> "NoiseSchedule":
        """Variances on a line, the usual schedule of DDPM and DPS (1000 steps, 1e-4 to 0.02)."""
        require(steps >= 1, "steps", steps, ">= 1")
        return NoiseSchedule.from_variances(np.linspace(first, last, steps))

    @staticmethod
    def cosine(steps: int = 1000, offset: float = 0.008, largest: float = 0.999) -> "NoiseSchedule":
        """alpha_bar following a squared cosine, with variances of at most `largest` (Nichol and Dhariwal 2021)."""
        require(steps >= 1, "steps", steps, ">= 1")
        curve = np.cos((np.arange(steps + 1) / steps + offset) / (1 + offset) * np.pi / 2) ** 2
        return NoiseSchedule.from_variances(np.minimum(1 - curve[1:] / curve[:-1], largest))

    def strided(self, steps: int) -> "NoiseSchedule":
        """Every (N/steps)-th level of this schedule, the noisiest one included; `times` point into this one.

        Raises:
            ValueError: unless 1 <= steps <= N.
        """
        require(1 <= steps <= self.steps, "steps", steps, f"in [1, {self.steps}]")
        kept = np.round(np.linspace(0, self.steps, steps + 1)).astype(int)
        times = np.arange(self.steps) if self.times is None else self.times
        return NoiseSchedule(self.alpha_bar[kept], times[kept[1:] - 1])

    def until(self, least: float) -> "NoiseSchedule":
        """The levels with alpha_bar >= `least`; sampling then starts at the noisiest of them.

        For schedules that end in almost pure noise. Their last step, strided, has (1 - alpha)/sqrt(alpha) in the
        hundreds, which multiplies what a network's guidance gets wrong where there is no signal. What is left out is
        a signal of sqrt(least).

        Raises:
            ValueError: unless 0 < least < alpha_bar_1.
        """
        require(0 < least < self.alpha_bar[1], "least", least, f"in (0, {self.alpha_bar[1]:.6g}), the first level")
        kept = int((self.alpha_bar >= least).sum())
        return NoiseSchedule(self.alpha_bar[:kept], None if self.times is None else self.times[: kept - 1])

    def spaced(self, steps: int, spacing: Spacing = "time", whole: bool = False) -> "NoiseSchedule":
        """Levels of this schedule or between them: the log signal-to-noise ratio is a line from each to the next.

        Args:
            steps: how many, >= 1; the noisiest of this schedule is among them.
            spacing: where they lie. "time": evenly in time, as `strided` has them. "log-SNR": evenly in the log
                signal-to-noise ratio. "Karras": evenly in the seventh root of the noise's sd over the signal. The last
                two begin at this schedule's least noisy level.
            whole: keep to this schedule's own levels, the nearest that are still free: for a denoiser that takes no
                times in between.

        Raises:
            ValueError: unless 1 <= steps (<= N if `whole`), and for an unknown spacing.

        Example:
            >>> NoiseSchedule.linear().spaced(3, "log-SNR").times.round(1).tolist()
            [0.0, 302.3, 999.0]
        """
        require(spacing in get_args(Spacing), "spacing", spacing, f"one of {get_args(Spacing)}")
        require(1 <= steps <= (self.steps if whole else steps), "steps", steps, f"in [1, {self.steps}]")
        own = np.arange(1, self.steps + 1)
        log_snr = np.log(self.alpha_bar[1:]) - np.log1p(-self.alpha_bar[1:])
        ends = log_snr[[0, -1]] if steps > 1 else log_snr[[-1, -1]]
        if spacing == "time":
            place = np.linspace(0, self.steps, steps + 1)[1:].clip(min=1)
        elif spacing == "log-SNR":
            place = np.interp(-np.linspace(ends[0], ends[1], steps), -log_snr, own)
        else:
            first, last = np.exp(-0.5 * ends / _KARRAS)
            roots = np.linspace(first, last, steps)
            place = np.interp(2 * _KARRAS * np.log(roots), -log_snr, own)
        if whole:
            count = np.arange(steps)
            kept = np.maximum.accumulate(np.round(place).astype(int) - count) + count
            kept = np.minimum(kept, self.steps - count[::-1])
            times = np.arange(self.steps) if self.times is None else self.times
            return NoiseSchedule(self.alpha_bar[np.concatenate([[0], kept])], times[kept - 1])
        alpha_bar = 1 / (1 + np.exp(-np.interp(place, own, log_snr)))
        times = np.interp(place, own, own - 1 if self.times is None else self.times)
        return NoiseSchedule(np.concatenate([[1.0], alpha_bar]), times)

    @cached_property
    def rows(self) -> Row:
        """The reverse steps as columns, from i = N to i = 1, without guidance (`zeta` = 0, `cap` = inf)."""
        now, before = self.alpha_bar[1:][::-1], self.alpha_bar[:-1][::-1]
        alpha, noisy, noisy_before = now / before, 1 - now, 1 - before
        variance = 1 - alpha
        times = np.arange(self.steps) if self.times is None else self.times
        return Row(
            index=np.arange(self.steps, 0, -1),
            time=times[::-1],
            signal=np.sqrt(now),
            noise_variance=noisy,
            from_x=np.sqrt(alpha) * noisy_before / noisy,
            from_x0=np.sqrt(before) * variance / noisy,
            from_change=np.zeros(self.steps),
            noise_sd=np.sqrt(noisy_before * variance / noisy),
            tilt_zeta=variance / np.sqrt(alpha),
            zeta=np.zeros(self.steps),
            cap=np.full(self.steps, np.inf),
        )


def each(rows: Row) -> Iterator[Row]:
    """The rows one by one, as Python numbers. Paper: Algorithm 1.

    Args:
        rows: as columns.

    Returns:
        An iterator over rows of numbers.

    Raises:
        ValueError: if the columns differ in length.

    Example:
        >>> [row.index for row in each(NoiseSchedule.linear().strided(3).rows)]
        [3, 2, 1]
    """
    for values in zip(*(column.tolist() for column in rows), strict=True):
        yield Row(*values)
