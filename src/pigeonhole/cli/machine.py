"""What the machine has, for `doctor`: each question is one function that answers with a Finding."""

import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pigeonhole.cpus import available_cpus

CGROUPS = Path("/sys/fs/cgroup")
INSIDE = (Path("/.dockerenv"), Path("/run/.containerenv"))  # what docker and podman leave in a container
PATIENCE = 20  # seconds for a program that may not answer
GIB = 2**30


@dataclass(frozen=True, slots=True)
class Finding:
    """`sentence` for people, `facts` for `--json`. Where `exit_code` is not 0, it is in the way of some command."""

    name: str
    sentence: str
    facts: dict[str, Any] = field(default_factory=dict)
    exit_code: int = 0

    def fields(self) -> dict[str, Any]:
        return {**self.facts, "ok": not self.exit_code, "sentence": self.sentence}


def processors() -> Finding:
    """How many may be used, and what keeps it from all."""
    there, usable = os.cpu_count() or 1, available_cpus()
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else there
    reason = "" if usable == there else " (affinity)" if usable == affinity else " (quota of the control group)"
    facts = {"usable": usable, "machine": there, "affinity": affinity}
    return Finding("processors", f"{usable} of {there} usable{reason}", facts)


def memory() -> Finding:
    """Bytes of the machine, and the limit of the control groups that this process is in."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:  # no Linux
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        return Finding("memory", _gib(total), {"total": total})
    kib = {line.split(":")[0]: int(line.split()[1]) for line in lines}
    total, free, limit = kib["MemTotal"] * 1024, kib["MemAvailable"] * 1024, _memory_limit()
    sentence = f"{_gib(free)} of {_gib(total)} free"
    if limit is not None and limit < total:
        sentence += f"; this process may have {_gib(limit)} (limit of the control group)"
    return Finding("memory", sentence, {"total": total, "free": free, "limit": limit})


def _memory_limit() -> int | None:
    """The smallest of the limits from this process's control group upwards (version 2), None where there is none."""
    try:
        own = next(line[3:] for line in Path("/proc/self/cgroup").read_text().splitlines() if line.startswith("0::"))
    except (OSError, StopIteration):
        return None
    limits = []
    for group in (Path(own), *Path(own).parents):
        try:
            limits.append(int((CGROUPS / group.relative_to("/") / "memory.max").read_text()))
        except (OSError, ValueError):  # "max", or the root group, which has no such file
            continue
    return min(limits, default=None)


def gpu() -> Finding:
    """Whether pictures are classified on a GPU: a small network is really run."""
    names = _asked("nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader")
    seen = Path("/dev/nvidiactl").exists() or bool(names)
    facts = {"seen": seen, "names": names, "used": False}
    try:
        import onnxruntime
    except ImportError:
        return Finding("gpu", "cannot be tried without onnxruntime", facts)
    from pigeonhole.backbones.weights import BUILTIN_FILE
    from pigeonhole.model.network import IDLE_GPU
    from pigeonhole.model.session import GPU, device_of, has_gpu, open_session

    session = open_session(BUILTIN_FILE.read_bytes())
    if device_of(session) == "GPU":
        return Finding("gpu", f"{names or 'there is one'}; it is used", {**facts, "used": True})
    if has_gpu():
        return Finding("gpu", IDLE_GPU, facts)
    if seen and GPU not in onnxruntime.get_available_providers():
        return Finding("gpu", f"{names or 'there is one'}; it is not used: pip install 'pigeonhole[gpu]'", facts)
    return Finding("gpu", "none that can be used, so the CPU works", facts)


def engine() -> Finding:
    """Whether the scripts can run their commands in a container, and if not, why."""
    name = os.environ.get("DOCKER") or "docker"
    facts: dict[str, Any] = {"name": name, "answers": False, "inside": any(path.exists() for path in INSIDE)}
    try:
        asked = subprocess.run([name, "info"], capture_output=True, text=True, timeout=PATIENCE, check=False)
    except FileNotFoundError:
        where = "this runs in a container, and " if facts["inside"] else ""
        return Finding("container", f"{where}there is no {name} here, so the scripts run from .venv", facts)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding("container", f"{name} does not answer, so the scripts run from .venv: {error}", facts)
    if asked.returncode:
        said = [line for line in asked.stderr.splitlines() if line.strip()]
        why = next((line for line in said if line.startswith("ERROR")), said[-1] if said else "it gives no reason")
        return Finding("container", f"{name} does not answer, so the scripts run from .venv: {why}", facts)
    found = re.search(r"^\s*(?:Server )?Version:\s*(\S+)", asked.stdout, re.MULTILINE | re.IGNORECASE)
    version = found[1] if found else "of an unknown version"
    local = os.environ.get("PIGEONHOLE_RUNTIME") == "local"
    use = "is left alone (PIGEONHOLE_RUNTIME=local)" if local else "runs the commands of the scripts"
    return Finding("container", f"{name} {version} answers and {use}", {**facts, "answers": True, "version": version})


def _asked(*command: str) -> str:
    """What a program that may not be there prints, with `; ` between its lines; empty where it fails."""
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return "; ".join(result.stdout.split("\n")[:-1]) if result.returncode == 0 else ""


def _gib(count: int) -> str:
    return f"{count / GIB:.1f} GiB"
