"""The greatest likelihood: parameters that are positive, found by their logarithms, with the slope given."""

from collections.abc import Callable, Sequence
from math import log
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Floats = NDArray[np.float64]
_Point = np.ndarray[tuple[int], np.dtype[np.float64]]
Likelihood = Callable[[Floats], tuple[float, Floats]]
"""Gives the log-likelihood of parameters, and its slope by each of them."""

_LEAST: Final = 1e-4
_MOST: Final = 1e5
_EDGE: Final = 1.001
"""Whoever is so near a bound lies on it: what was looked for lies beyond."""
_STEPS: Final = 500
_FLAT: Final = 1e-5
"""By how much a mean log-likelihood may still rise where the logarithm of a parameter moves by one."""


def greatest(likelihood: Likelihood, starts: Sequence[Sequence[float]], size: float) -> Floats | None:
    """Give the parameters of the greatest log-likelihood, looked for from each of ``starts``.

    ``size`` is how many observations it is made of. None where no search ends at a point that is flat, finite and
    within the bounds of what means anything: such data fits no model of this kind.
    """

    def below(logs: _Point) -> tuple[float, Floats]:
        parameters = np.exp(logs)
        value, slope = likelihood(parameters)
        return -value / size, -slope * parameters / size

    bounds = [(log(_LEAST), log(_MOST))] * len(starts[0])
    best: tuple[float, Floats] | None = None
    for start in starts:
        # A flat optimum is told from a long slope by its slope alone, so the search is never content with the value.
        begin: _Point = np.array([log(one) for one in start])
        found = minimize(
            below,
            begin,
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options={"maxiter": _STEPS, "ftol": 0.0, "gtol": 1e-9},
        )
        value, slope = below(found.x)
        fine = bool(np.isfinite(value) and np.all(np.isfinite(found.x)) and np.abs(slope).max() < _FLAT)
        if fine and (best is None or value < best[0]):
            best = value, np.exp(found.x)
    if best is None or best[1].min() < _LEAST * _EDGE or best[1].max() > _MOST / _EDGE:
        return None
    return best[1]
