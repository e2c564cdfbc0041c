"""A linear mixed model with crossed random effects, fitted by restricted maximum likelihood (REML), with t intervals.

Written here because statsmodels, which the tests compare it with, takes seconds for one model of 1,440 ratings and gives no
degrees of freedom. With six raters the normal intervals that it prints hold the truth too rarely; these use t, with the
error and the degrees of freedom of Kenward and Roger, Biometrics 53 (1997), as pbkrtest computes them (Halekoh and Højsgaard,
J. Statistical Software 59 (2014)). For one contrast these are Satterthwaite's degrees of freedom (Fai and Cornelius, J.
Statistical Computation and Simulation 54 (1996)) by the expected information, and an error that counts what estimating the
variances adds to it: nothing in a complete study, something where ratings are missing. A component that comes to nothing stays
in that information: that it is small is an estimate, too, and few raters tell little of it.

Profiled criterion: Bates et al., J. Statistical Software 67 (2015), section 3. Henderson's equations, their slope, and the
information: Searle, Casella and McCulloch, Variance Components (1992), chapters 6 and 7.
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import linalg, optimize, sparse, stats

from evaluation.stats import CONFIDENCE, Estimate

METHOD = "mixed model, REML, t with the error and the degrees of freedom of Kenward and Roger"
RESIDUAL = "residual"
_NOTHING = 1e-6  # of the residual variance: a component below that is none
_BOUNDS = (np.log(1e-9), np.log(1e5))


class NotEstimable(Exception):
    """The values leave nothing to estimate. The sentence is for a person."""


@dataclass(frozen=True, slots=True)
class Components:
    """Variances by name, the residual last, and the covariance of their estimates."""

    names: tuple[str, ...]
    variances: tuple[float, ...]
    covariance: np.ndarray

    def variance(self, name: str) -> float:
        """0 of a component that is not in the model."""
        return self.variances[self.names.index(name)] if name in self.names else 0.0

    @property
    def total(self) -> float:
        return sum(self.variances)


@dataclass(frozen=True, slots=True)
class Contrast:
    value: float
    error: float  # standard error
    freedom: float  # degrees of freedom
    n: int

    @property
    def p(self) -> float:
        """Two-sided, of no difference."""
        return float(2 * stats.t.sf(abs(self.value) / self.error, self.freedom)) if self.error > 0 else 1.0

    def estimate(self, confidence: float = CONFIDENCE) -> Estimate:
        reach = self.error * float(stats.t.ppf((1 + confidence) / 2, self.freedom))
        return Estimate(self.value, self.value - reach, self.value + reach, self.n, METHOD)


@dataclass(frozen=True, slots=True)
class Fitted:
    effects: np.ndarray  # of the columns of the design
    components: Components
    criterion: float  # -2 log REML likelihood, as lme4 prints it
    n: int
    _scaled: np.ndarray  # covariance of the effects, over the residual variance
    _adjusted: np.ndarray  # the same, with what is not known of the variances
    _slopes: np.ndarray  # of the scaled covariance, by the variance of each component, the residual last

    def contrast(self, weights: Sequence[float] | np.ndarray) -> Contrast:
        """`weights` of the columns of the design."""
        of = np.asarray(weights, dtype=float)
        residual = self.components.variance(RESIDUAL)
        slope = np.einsum("i,kij,j->k", of, self._slopes, of)
        spread = float(slope @ self.components.covariance @ slope)
        freedom = 2 * (residual * float(of @ self._scaled @ of)) ** 2 / spread if spread > 0 else np.inf
        error = (residual * float(of @ self._adjusted @ of)) ** 0.5
        return Contrast(float(of @ self.effects), error, max(1.0, freedom), self.n)

    def less_certain(self, name: str, share: float) -> Fitted:
        """With this share of the degrees of freedom that the estimate of a component has."""
        covariance = self.components.covariance.copy()
        if name in self.components.names:
            at = self.components.names.index(name)
            covariance[at, at] /= share
        return replace(self, components=replace(self.components, covariance=covariance))


def fit(values: Sequence[float] | np.ndarray, design: np.ndarray, groups: Mapping[str, Sequence[Hashable]]) -> Fitted:
    """`groups` names the random effects; each says for every value to which group it belongs.

    Groups that cannot be told apart from the residual, from the design or from an earlier group are left out. Raises
    `NotEstimable` where the design leaves no difference to explain.
    """
    response = np.asarray(values, dtype=float)
    n, p = design.shape
    if n <= p or np.linalg.matrix_rank(design) < p:
        raise NotEstimable("There are fewer ratings than arms, or an arm has none.")
    unexplained = response - design @ np.linalg.lstsq(design, response, rcond=None)[0]
    if float(unexplained @ unexplained) < 1e-9 * max(1.0, float(response @ response)):
        raise NotEstimable("Every rating of an arm has the same value.")
    problem = _Problem(response, design, _tellable(groups, design))
    ratios = problem.best()
    return problem.fitted(np.where(ratios > _NOTHING, ratios, 0.0))


def _tellable(groups: Mapping[str, Sequence[Hashable]], design: np.ndarray) -> dict[str, sparse.csr_array]:
    kept: dict[str, sparse.csr_array] = {}
    partitions: set[tuple[int, ...]] = set()
    n = len(design)
    for name, members in groups.items():
        numbers = {member: number for number, member in enumerate(dict.fromkeys(members))}
        partition = tuple(numbers[member] for member in members)
        if partition in partitions or len(numbers) in (1, n):
            continue
        indicator = sparse.csr_array((np.ones(n), (np.arange(n), partition)))
        across = indicator.T @ design
        explained = float(np.trace(across @ np.linalg.solve(design.T @ design, across.T)))
        if len(members) - explained < 1e-9 * n:
            continue  # the arms explain it already: one rater per arm, say
        partitions.add(partition)
        kept[name] = indicator
    # The largest first: its block of the equations is a diagonal and costs nothing.
    return dict(sorted(kept.items(), key=lambda pair: -pair[1].shape[1]))


class _Problem:
    """The criterion as a function of the variance of each component over the residual's, through cross-products alone."""

    def __init__(self, response: np.ndarray, design: np.ndarray, indicators: Mapping[str, sparse.csr_array]) -> None:
        self.names = tuple(indicators)
        self.n, self.p = design.shape
        sizes = [one.shape[1] for one in indicators.values()]
        self.q = sum(sizes)
        ends = np.cumsum([0, *sizes])
        self.parts = [slice(int(start), int(end)) for start, end in itertools.pairwise(ends)]
        whole = sparse.hstack(
            [*indicators.values(), sparse.csr_array(np.column_stack([design, response]))], format="csr"
        )
        self.products = (whole.T @ whole).toarray()
        self.of_design = slice(self.q, self.q + self.p)

    def best(self) -> np.ndarray:
        if not self.names:
            return np.empty(0)
        start = np.full(len(self.names), np.log(0.3))
        found = optimize.minimize(
            self._criterion, start, jac=True, method="L-BFGS-B", bounds=[_BOUNDS] * len(start), options={"ftol": 1e-13}
        )
        ratios: np.ndarray = np.exp(found.x)
        return ratios

    def _criterion(self, logs: np.ndarray) -> tuple[float, np.ndarray]:
        """By Henderson's equations, the largest group absorbed: of `u`, the other groups and the design, and the response."""
        ratios = np.exp(logs)
        size = self.parts[0].stop
        counts = np.diag(self.products)[:size]
        shrunk = 1 / (1 + ratios[0] * counts)
        across = self.products[:size, size:]
        rest = self.products[size:, size:] - (across * (ratios[0] * shrunk)[:, None]).T @ across
        others = self.q - size
        weights = np.concatenate(
            [*(np.full(part.stop - part.start, 1 / one) for part, one in self._others(ratios)), np.zeros(self.p)]
        )
        equations = rest[:-1, :-1] + np.diag(weights)
        inverse = np.linalg.inv(equations)
        solution = inverse @ rest[:-1, -1]
        left = float(rest[-1, -1] - rest[:-1, -1] @ solution)
        # Of each member of each group: what the response leaves of it, and its own share of what is left.
        of_first = across * shrunk[:, None]
        pulls = np.concatenate(
            [of_first[:, -1] - of_first[:, :-1] @ solution, (rest[:-1, -1] - rest[:-1, :-1] @ solution)[:others]]
        )
        first = counts * shrunk - ((of_first[:, :-1] @ inverse) * of_first[:, :-1]).sum(axis=1)
        second = np.diag(rest)[:others] - ((rest[:others, :-1] @ inverse) * rest[:others, :-1]).sum(axis=1)
        traces = np.concatenate([first, second])
        free = self.n - self.p
        slope = [traces[part].sum() - (pulls[part] ** 2).sum() * free / left for part in self.parts]
        sizes = [part.stop - part.start for part in self.parts[1:]]
        logged = float(np.log1p(ratios[0] * counts).sum() + np.dot(sizes, logs[1:]) + np.linalg.slogdet(equations)[1])
        return logged + free * (1 + float(np.log(2 * np.pi * left / free))), ratios * np.array(slope)

    def _others(self, ratios: np.ndarray) -> Iterator[tuple[slice, float]]:
        yield from zip(self.parts[1:], ratios[1:], strict=True)

    def _deviance(self, solved: _Solved) -> float:
        rest = self.n - self.p
        return float(solved.logs + rest * (1 + np.log(2 * np.pi * solved.left[-1, -1] / rest)))

    def _solve(self, ratios: np.ndarray) -> _Solved:
        roots = np.concatenate(
            [np.full(part.stop - part.start, ratio**0.5) for part, ratio in zip(self.parts, ratios, strict=True)]
            or [np.empty(0)]
        )
        scaled = roots[:, None] * self.products[: self.q]
        lower = linalg.cholesky(np.eye(self.q) + scaled[:, : self.q] * roots[None, :], lower=True) if self.q else None
        weighted, logs = self.products, 0.0
        if lower is not None:
            half = linalg.solve_triangular(lower, scaled, lower=True)
            weighted = self.products - half.T @ half
            logs = 2 * float(np.log(np.diag(lower)).sum())
        of_design = weighted[self.of_design, self.of_design]
        scaled_covariance = np.linalg.inv(of_design)
        across = weighted[:, self.of_design]
        left = weighted - across @ scaled_covariance @ across.T
        logs += float(np.linalg.slogdet(of_design)[1])
        return _Solved(weighted, left, scaled_covariance, logs)

    def fitted(self, ratios: np.ndarray) -> Fitted:
        solved = self._solve(ratios)
        residual = float(solved.left[-1, -1]) / (self.n - self.p)
        effects = solved.scaled_covariance @ solved.weighted[self.of_design, -1]
        components = Components(
            (*self.names, RESIDUAL),
            (*(float(ratio) * residual for ratio in ratios), residual),
            np.linalg.pinv(self._information(solved.left, ratios)) * residual**2,
        )
        scaled, slopes, more = solved.scaled_covariance, *self._of_components(solved, ratios)
        of_ratios = components.covariance / residual**2
        adjustment = np.einsum("kl,klij->ij", of_ratios, more - np.einsum("kip,pq,lqj->klij", slopes, scaled, slopes))
        adjusted = scaled + 2 * scaled @ adjustment @ scaled
        return Fitted(
            effects,
            components,
            self._deviance(solved),
            self.n,
            scaled,
            adjusted,
            np.einsum("ip,kpq,qj->kij", scaled, slopes, scaled),
        )

    def _of_components(self, solved: _Solved, ratios: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Kenward and Roger's P (less its sign) and Q, of each component and each two, the residual last; in residual units.

        With H the covariance over the residual variance, the residual's own follow from H = I + the other parts.
        """
        m, p = len(self.names), self.p
        pulls = [solved.weighted[part, self.of_design] for part in self.parts]
        first, second = np.empty((m + 1, p, p)), np.empty((m + 1, m + 1, p, p))
        for i, pull in enumerate(pulls):
            first[i] = pull.T @ pull
        first[m] = solved.weighted[self.of_design, self.of_design] - np.tensordot(ratios, first[:m], 1)
        for i, one in enumerate(self.parts):
            for j, other in enumerate(self.parts):
                second[i, j] = pulls[i].T @ solved.weighted[one, other] @ pulls[j]
        for i in range(m):
            second[i, m] = first[i] - np.tensordot(ratios, second[i, :m], 1)
            second[m, i] = second[i, m].T
        second[m, m] = first[m] - np.tensordot(ratios, second[m, :m], 1)
        return first, second

    def _information(self, left: np.ndarray, ratios: np.ndarray) -> np.ndarray:
        """Expected, of the components in units of the residual variance."""
        m = len(self.names)
        whole = np.empty((m + 1, m + 1))
        for i, one in enumerate(self.parts):
            for j, other in enumerate(self.parts):
                whole[i, j] = (left[one, other] ** 2).sum()
        traces = np.array([np.trace(left[part, part]) for part in self.parts])
        with_residual = traces - whole[:m, :m] @ ratios
        whole[:m, m] = whole[m, :m] = with_residual
        whole[m, m] = self.n - self.p - ratios @ traces - ratios @ with_residual
        return whole / 2


@dataclass(frozen=True, slots=True)
class _Solved:
    weighted: np.ndarray  # cross-products, weighted by the inverse of the covariance
    left: np.ndarray  # the same, once the design is taken out
    scaled_covariance: np.ndarray
    logs: float
