"""`python crowd.py FOLDER COUNT`: COUNT processes that publish a file of their own under one name at one moment."""

import os
import sys
from itertools import count
from pathlib import Path

from pigeonhole.files import publish


def one(folder: Path, number: int, gate: int) -> None:
    if number % 3:  # a third renames, a third links, a third reserves the name, as if on different machines
        publish.rename_without_replacing = cannot  # type: ignore[assignment]
    if number % 3 == 2:
        publish._link_and_unlink = cannot
    part = folder / f".pigeonhole-{number}.part"
    part.write_text(f"content of {number}")
    os.read(gate, 1)
    for suffix in count(1):
        try:
            publish.publish(part, folder / ("a.jpg" if suffix == 1 else f"a-{suffix}.jpg"))
        except FileExistsError:
            continue
        os._exit(0)


def cannot(part: Path, target: Path) -> None:
    raise OSError(22, "Invalid argument")


def main() -> int:
    folder, processes = Path(sys.argv[1]), int(sys.argv[2])
    gate, opened = os.pipe()
    children = []
    for number in range(processes):
        child = os.fork()
        if child == 0:
            one(folder, number, gate)
        children.append(child)
    os.write(opened, bytes(processes))
    return sum(os.waitpid(child, 0)[1] != 0 for child in children)


if __name__ == "__main__":
    sys.exit(main())
