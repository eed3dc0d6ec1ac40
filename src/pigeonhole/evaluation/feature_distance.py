"""How far a picture is from the training pictures, whatever category it is taken for.

Out-of-distribution images give themselves away in two ways: their frozen features do not lie where those of the known
pictures lie, and no logit is high. The first is a Mahalanobis distance around the origin with a ridge (Lee et al. 2018,
arXiv 1807.03888; the ridge makes it a distance to the span of the known features where those are few), the second the
energy of the logits (Liu et al. 2020, arXiv 2010.03759).
"""

from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pigeonhole.dataset.folders import Dataset
from pigeonhole.dataset.split import Split
from pigeonhole.evaluation.out_of_fold import OutOfFold
from pigeonhole.vectors import l2_normalised, logsumexp

RIDGE = 0.1  # on features of length 1; see also _ridge
MOST = 20_000  # pictures that the directions are taken from, shared among the categories
LEAST_EACH = 8
WORTH_KEEPING = 0.02  # how much of a direction has to be known for it to be kept
ENERGY = 1.0  # standard deviations of the distance for one of the energy
BLOCK = 4096  # rows at once


@dataclass(frozen=True, slots=True)
class FeatureDistance:
    """What a model file knows of the training pictures: `directions` float32 [D, R], in which their features lie,
    each as long (0 to 1) as it is well known; and the `energy` of ordinary logits, with its weight `slope`.
    """

    directions: NDArray[np.float32]
    slope: float = 0.0
    energy: float = 0.0

    def distances(self, features: NDArray[np.floating], logits: NDArray[np.floating]) -> NDArray[np.float64]:
        """For features [N, D], and the logits [N, C] without temperature that they led to: 0 and more, [N]."""
        return self.moved(self.residuals(features), logits)

    def residuals(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """The part of features [N, D], scaled to length 1, that the directions do not explain: 0 to 1, [N]."""
        return self.residuals_of(features, np.arange(len(features)))

    def residuals_of(self, features: NDArray[np.floating], rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """The same of some `rows` of features [N, D], of which no copy is made."""
        parts = [
            np.square(l2_normalised(features[rows[start : start + BLOCK]]) @ self.directions).sum(axis=1, dtype=float)
            for start in range(0, len(rows), BLOCK)
        ]
        residuals: NDArray[np.float64] = np.sqrt(np.maximum(0.0, 1 - np.concatenate([np.empty(0), *parts])))
        return residuals

    def moved(self, residuals: NDArray[np.float64], logits: NDArray[np.floating]) -> NDArray[np.float64]:
        """`residuals` [N] with what the logits [N, C] say added."""
        unusual = self.energy - logsumexp(logits)
        distances: NDArray[np.float64] = np.maximum(0.0, residuals + self.slope * unusual)
        return distances


@dataclass(frozen=True, slots=True)
class FittedDistance:
    """The `distance` that a model file measures, and what it says of the held-out pictures [H], none of whose group it
    was trained on: `held_out` [H].
    """

    distance: FeatureDistance
    held_out: NDArray[np.float64]


def fit_distance(dataset: Dataset, features: NDArray[np.floating], split: Split, held_out: OutOfFold) -> FittedDistance:
    """From the frozen `features` [N, D] of all examples, of which the rows `split.learn` are trained on."""
    rows = _evenly(dataset, split.learn)
    known = _directions(features, rows)
    groups = np.arange(len(features)) if split.groups is None else split.groups
    residuals = _without_own_group(
        known,
        features,
        groups,
        held_out.rows,
        taught=np.isin(held_out.rows, rows),
        ridge=_ridge(len(rows), features.shape[1]),
    )
    energies = logsumexp(held_out.logits)
    spread = float(energies.std())
    slope = ENERGY * float(residuals.std()) / spread if spread else 0.0
    known = replace(known, slope=slope, energy=float(energies.mean()))
    return FittedDistance(known, known.moved(residuals, held_out.logits))


def _evenly(dataset: Dataset, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """At most MOST of `rows`, as many of each category, chosen by digest: the same ones next time."""
    if len(rows) <= MOST:
        return rows
    targets = np.array(dataset.targets)
    each = max(LEAST_EACH, MOST // len(dataset.categories))
    of_category: dict[int, list[int]] = defaultdict(list)
    for row in sorted(rows.tolist(), key=lambda row: dataset.examples[row].sha256):
        if len(of_category[targets[row]]) < each:
            of_category[targets[row]].append(row)
    return np.array(sorted(row for chosen in of_category.values() for row in chosen))


def _directions(features: NDArray[np.floating], rows: NDArray[np.int64]) -> FeatureDistance:
    """Of `rows` of features [N, D], scaled to length 1: their principal directions around the origin, each
    s / (s + ridge) well known.
    """
    count, width = len(rows), features.shape[1]
    ridge = _ridge(count, width)
    if count <= width:
        units = l2_normalised(features[rows])
        eigenvalues, left = np.linalg.eigh((units @ units.T).astype(np.float64))
        eigenvalues = np.maximum(eigenvalues, 0)
        directions = units.T.astype(np.float64) @ left / np.sqrt(np.maximum(eigenvalues, 1e-12))
    else:
        products = np.zeros((width, width))
        for start in range(0, count, BLOCK):
            units = l2_normalised(features[rows[start : start + BLOCK]])
            products += units.T @ units
        eigenvalues, directions = np.linalg.eigh(products)
        eigenvalues = np.maximum(eigenvalues, 0)
    weights = eigenvalues / (eigenvalues + ridge)
    kept = weights >= WORTH_KEEPING
    return FeatureDistance((directions[:, kept] * np.sqrt(weights[kept])).astype(np.float32))


def _ridge(count: int, width: int) -> float:
    """With very many pictures, too, the rarest directions have to stay unknown."""
    return max(RIDGE, count / (3 * width))


def _without_own_group(
    known: FeatureDistance,
    features: NDArray[np.floating],
    groups: NDArray[np.int64],
    asked: NDArray[np.int64],
    *,
    taught: NDArray[np.bool_],
    ridge: float,
) -> NDArray[np.float64]:
    """The residuals of the rows `asked` [H] as they were if `known` had not been fitted to a picture's whole group.

    `groups` [N] are those of all examples, `taught` [H] says which of the rows `known` was fitted to.

    The matrix inversion lemma says it without fitting anew: without the picture itself, d² becomes d² / (1 - d² /
    ridge). For a group the same with matrices, of the inner products of what the directions leave of its features.
    """
    left = known.residuals_of(features, asked) ** 2
    alone = taught & (np.bincount(groups[asked])[groups[asked]] == 1)
    leverage = np.minimum(left[alone] / ridge, 1 - 1e-6)
    left[alone] = left[alone] / (1 - leverage)
    members: dict[int, list[int]] = defaultdict(list)
    for place in np.flatnonzero(~alone).tolist():
        members[int(groups[asked[place]])].append(place)
    for places in members.values():
        own = np.array([place for place in places if taught[place]], dtype=np.int64)
        if not len(own):
            continue
        units = l2_normalised(features[asked[places]]).astype(np.float64)
        projected = units @ known.directions
        inside = np.isin(places, own)
        rest = units @ units[inside].T - projected @ projected[inside].T
        within = np.eye(len(own)) * (1 + 1e-6) - rest[inside] / ridge
        left[places] += np.einsum("pi,pi->p", rest, np.linalg.solve(within, rest.T).T) / ridge
    return np.sqrt(np.clip(left, 0, 1))
