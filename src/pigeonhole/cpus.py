"""How many processors this process may use, which in a container is not what the machine has."""

import os
from pathlib import Path

CGROUP_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def available_cpus(quota_file: Path = CGROUP_QUOTA) -> int:
    """The smaller of the affinity mask and the container's quota, at least 1."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(allowed, _quota(quota_file) or allowed))


def share_processors(quota_file: Path = CGROUP_QUOTA) -> None:
    """Tell OpenMP, with which torch and scikit-learn calculate, how to behave beside other programs.

    It reads its variables when it is loaded, so this comes before; what the user has set stays. A thread that waits
    for work sleeps: one that spins takes the processor from whoever has work. And OpenMP knows no container's quota.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if _quota(quota_file):
        os.environ.setdefault("OMP_NUM_THREADS", str(available_cpus(quota_file)))


def _quota(quota_file: Path) -> int | None:
    """Whole processors of the control group's quota ("200000 100000" is 2), None where there is none."""
    try:
        quota, period = quota_file.read_text().split()
    except (OSError, ValueError):
        return None
    return None if quota == "max" else max(1, int(quota) // int(period))
