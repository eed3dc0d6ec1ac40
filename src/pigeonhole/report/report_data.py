"""Everything that stands in a report, whoever asks for one."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pigeonhole.evaluation.findings import Epoch, Growth, Suspicion
from pigeonhole.evaluation.proportion import Proportion
from pigeonhole.report.collector import Collector


@dataclass(frozen=True, slots=True)
class ReportData:
    """`title` says of what; `source` where the figures come from; `facts` what was done with what, as name and value.

    `baselines` are simple methods on the same pictures, as name and result.
    """

    title: str
    source: str
    collected: Collector
    facts: Sequence[tuple[str, str]]
    baselines: Sequence[tuple[str, Proportion]] = ()
    suspicions: Sequence[Suspicion] = ()
    epochs: Sequence[Epoch] = ()
    growth: Sequence[Growth] = field(default_factory=tuple)
