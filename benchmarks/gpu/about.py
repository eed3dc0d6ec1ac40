"""Stage `about`: what machine this is, and whether onnxruntime and torch can use its GPU."""

import importlib
import platform
from importlib.metadata import version
from importlib.util import find_spec

from stage import Figures, gpu_memory_mib, run

import pigeonhole
from pigeonhole.cpus import available_cpus

NEEDED = ("click", "isal", "numpy", "PIL", "pyspng", "rich", "watchdog", "onnx", "onnxscript", "jinja2",
          "matplotlib", "scipy", "sklearn", "threadpoolctl", "torch", "torchvision")  # fmt: skip
PACKAGES = {"PIL": "pillow", "sklearn": "scikit-learn"}  # where they are called otherwise
OTHERS = ("nvidia.dali", "torchcodec", "timm", "transformers")


def main() -> None:
    figures = Figures("about")
    with figures.part("machine") as keep:
        keep({"processors": available_cpus(), "python": platform.python_version(), "kernel": platform.release(),
              "pigeonhole": pigeonhole.__version__})  # fmt: skip
    with figures.part("processor") as keep:
        wanted = ("Model name", "Thread(s) per core", "Core(s) per socket", "Socket(s)", "L2 cache", "L3 cache")
        lines = [line.split(":", 1) for line in run(["lscpu"])[1].splitlines() if ":" in line]
        keep({name.strip(): value.strip() for name, value in lines if name.strip() in wanted})
    with figures.part("packages") as keep:
        keep({name: _version(name) for name in NEEDED})
    with figures.part("installed beside them") as keep:
        keep({name: _is_there(name) for name in OTHERS})
    with figures.part("gpu") as keep:
        query = "name,driver_version,memory.total,compute_cap,pcie.link.gen.current,pcie.link.width.current"
        code, said, complained = run(["nvidia-smi", f"--query-gpu={query}", "--format=csv,noheader"], seconds=20)
        keep(said.strip() if code == 0 else f"none: {complained.strip()[:200]}")
    with figures.part("onnxruntime") as keep:
        import onnxruntime

        from pigeonhole.model.fixed_batch import _in_context
        from pigeonhole.model.session import has_gpu

        keep({"file": onnxruntime.__file__, "version": onnxruntime.__version__, "has_gpu": has_gpu(),
              "providers": onnxruntime.get_available_providers(),
              "driver answers": _in_context("cuCtxSynchronize")})  # fmt: skip
    with figures.part("torch") as keep:
        import torch

        on = torch.cuda.is_available()
        keep({"cuda": torch.version.cuda, "available": on, "device": torch.cuda.get_device_name() if on else None})
    with figures.part("memory in use, MiB") as keep:
        keep(gpu_memory_mib())
    figures.end()


def _version(name: str) -> str:
    try:
        importlib.import_module(name)
        return version(PACKAGES.get(name, name))
    except Exception as error:  # an import may fail in any way; which one is what we want to know
        return f"MISSING ({type(error).__name__}: {str(error)[:80]})"


def _is_there(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False


if __name__ == "__main__":
    main()
