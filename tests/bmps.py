"""BMPs of every header and layout of bits, written here."""

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[Any]

RAW, MASKS, MASKS_WITH_ALPHA = 0, 3, 6
HEADERS = (40, 52, 56, 108, 124)


def masked_bmp(
    rgba: Samples,
    depth: int,
    masks: tuple[int, int, int, int],
    *,
    header: int = 108,
    compression: int = MASKS,
    top_down: bool = False,
) -> bytes:
    """A BMP of uint8 [H, W, 4] whose pixels are whole numbers of `depth` bits, of which `masks` hold R, G, B and A.

    Headers of 40 bytes have the masks behind them; those of 52 bytes have none for alpha.
    """
    numbers = np.zeros(rgba.shape[:2], np.uint32)
    for channel, mask in enumerate(masks):
        if mask:
            shift = (mask & -mask).bit_length() - 1
            levels = np.rint(rgba[..., channel] * ((mask >> shift) / 255)).astype(np.uint32)
            numbers |= levels << shift
    height, width = rgba.shape[:2]
    rows = (numbers if top_down else numbers[::-1]).astype(f"<u{depth // 8}").reshape(height, width)
    content = b"".join(row.tobytes() + bytes(-row.nbytes % 4) for row in rows)
    count = 4 if header >= 56 or compression == MASKS_WITH_ALPHA else 3
    fields = struct.pack(
        "<IiiHHIIiiII", header, width, -height if top_down else height, 1, depth, compression, len(content), 0, 0, 0, 0
    )
    head = fields + struct.pack(f"<{count}I", *masks[:count])
    if header != 40:
        head = head[:header].ljust(header, b"\0")
    start = 14 + len(head)
    return b"BM" + struct.pack("<IHHI", start + len(content), 0, 0, start) + head + content


def palette_bmp(indices: Samples, depth: int, colours: Samples, *, used: int | None = None, header: int = 40) -> bytes:
    """A BMP of uint8 [H, W] numbers of `colours`, uint8 [C, 3]; `used` is how many of them the header tells of."""
    height, width = indices.shape
    ones = (indices[..., None] >> np.arange(depth - 1, -1, -1) & 1).astype(np.uint8)
    packed = np.packbits(ones.reshape(height, -1), axis=1)
    content = b"".join(row.tobytes() + bytes(-len(row) % 4) for row in packed[::-1])
    palette = np.pad(colours[:, ::-1], ((0, 0), (0, 1))).astype(np.uint8).tobytes()
    used = len(colours) if used is None else used
    fields = struct.pack("<IiiHHIIiiII", header, width, height, 1, depth, RAW, len(content), 0, 0, used, 0)
    head = fields.ljust(header, b"\0")
    start = 14 + len(head) + len(palette)
    return b"BM" + struct.pack("<IHHI", start + len(content), 0, 0, start) + head + palette + content
