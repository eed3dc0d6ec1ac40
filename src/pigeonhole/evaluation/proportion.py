"""A share of right answers, with how sure it is."""

from dataclasses import dataclass

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Proportion:
    """`right` of `total` (which is at least 1)."""

    right: int
    total: int

    @property
    def share(self) -> float:
        """0 to 1."""
        return self.right / self.total

    @property
    def interval(self) -> tuple[float, float]:
        """Between which two shares the true one lies with 95 % confidence: Wilson 1927, "Probable inference"."""
        from scipy.stats import binomtest

        bounds = binomtest(self.right, self.total).proportion_ci(CONFIDENCE, method="wilson")
        return float(bounds.low), float(bounds.high)

    def __str__(self) -> str:
        low, high = self.interval
        return (
            f"{self.right} of {self.total} pictures right"
            f" ({100 * self.share:.1f} %, 95 % interval {100 * low:.1f} to {100 * high:.1f} %)"
        )
