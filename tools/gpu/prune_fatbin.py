"""Blank out the GPU code of a library for all architectures but one, so that what is left can be packed small.

python tools/gpu/prune_fatbin.py LIBRARY ARCHITECTURE        (90 for an H100 or H200)

The file keeps its length, and every table in it stays as it is: only code that no such GPU would load becomes zeros.
The layout of these sections is that of fatbinary_section.h in the CUDA toolkit.
"""

import mmap
import struct
import sys
from pathlib import Path

MAGIC = struct.pack("<I", 0xBA55ED50)
CONTAINER = struct.Struct("<IHHQ")  # magic, version, length of this header, length of the entries behind it
ENTRY = struct.Struct("<HHIQ")  # kind, version, length of this header, length of the code behind it
ARCHITECTURE_AT = 28  # in an entry's header


def prune(library: Path, architecture: int) -> tuple[int, int]:
    """The bytes of GPU code that were kept, and those blanked out. Raises ValueError where none would be left."""
    kept = blanked = 0
    with library.open("r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
        entries = list(_entries(memory))
        if not any(found == architecture for found, _, _ in entries):
            known = sorted({found for found, _, _ in entries})
            raise ValueError(f"{library.name} has no code for architecture {architecture}, only for {known}")
        for found, start, length in entries:
            if found == architecture:
                kept += length
            else:
                memory[start : start + length] = bytes(length)
                blanked += length
    return kept, blanked


def _entries(memory: mmap.mmap) -> list[tuple[int, int, int]]:
    """(architecture, start, length) of every piece of code."""
    found = []
    place = memory.find(MAGIC)
    while place >= 0:
        _, _, header, length = CONTAINER.unpack_from(memory, place)
        entry, end = place + header, place + header + length
        while entry < end:
            _, _, own_header, own_length = ENTRY.unpack_from(memory, entry)
            (architecture,) = struct.unpack_from("<I", memory, entry + ARCHITECTURE_AT)
            found.append((architecture, entry + own_header, own_length))
            entry += own_header + own_length
        place = memory.find(MAGIC, end)
    return found


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    kept, blanked = prune(Path(sys.argv[1]), int(sys.argv[2]))
    print(f"{kept >> 20} MiB of GPU code kept, {blanked >> 20} MiB blanked out.")


if __name__ == "__main__":
    main()
