"""Which numbers a network is trained with: bf16 where the hardware has it, fp16 on older GPUs, else float32."""

from contextlib import AbstractContextManager

import torch


def fast_dtype(device: torch.device) -> torch.dtype | None:
    """The type for matrix products, None for float32 throughout."""
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    return torch.bfloat16 if _cpu_has_bf16() else None


def autocast(device: torch.device, dtype: torch.dtype | None) -> AbstractContextManager[object]:
    return torch.autocast(device.type, dtype or torch.bfloat16, enabled=dtype is not None)


def _cpu_has_bf16() -> bool:
    """Instructions for it, AVX-512 BF16 or AMX: torch's emulation without them is slower than float32."""
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
