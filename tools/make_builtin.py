"""Makes the built-in backbone, src/pigeonhole/backbones/builtin.onnx.

    python tools/make_builtin.py FOLDER --teacher mobilenet_v2.pth

fetches the pictures, makes the views, learns and packs. Each step is kept in FOLDER, where a later run goes on; the
result is FOLDER/builtin.onnx.
"""

import argparse
from pathlib import Path

import torch

from distilling.distil import Lessons, distil
from distilling.pack import packed
from distilling.sources import fetch
from distilling.student import student_of
from distilling.teacher import SIZE, as_seen, teacher_network
from distilling.views import load_views, make_views

STUDENT_SIZE = 128
BEGINNING = 1024  # views that say which channels to keep


def main() -> None:
    """Every step that is not done yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--teacher", type=Path, help="torchvision's weights of mobilenet_v2; random ones if left out")
    parser.add_argument("--drawn", action="store_true", help="drawn pictures alone, so that nothing is fetched")
    parser.add_argument("--shards", type=int, default=41, help="files of views; the last one judges")
    parser.add_argument("--views", type=int, default=1024, help="in each of them")
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--size", type=int, default=STUDENT_SIZE, help="edge of the pictures that the student sees")
    parser.add_argument("--teacher-size", type=int, default=SIZE)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--until", choices=("views", "end"), default="end")
    wanted = parser.parse_args()
    torch.set_num_threads(wanted.threads)
    torch.manual_seed(wanted.seed)
    sources = None if wanted.drawn else wanted.folder / "sources"
    if sources:
        fetch(sources)
    teacher = teacher_network(wanted.teacher)
    views, sizes = wanted.folder / "views", (wanted.size, wanted.teacher_size)
    seen = as_seen(teacher, sizes[1])
    make_views(views, sources, seen, sizes, shards=wanted.shards, views=wanted.views, seed=wanted.seed)
    if wanted.until == "views":
        return
    lessons = Lessons(*load_views(views, range(wanted.shards - 1)))
    validation = Lessons(*load_views(views, range(wanted.shards - 1, wanted.shards)))
    student = student_of(teacher, lessons.pixels[:BEGINNING])
    checkpoint = wanted.folder / "student.pt"
    distil(student, teacher.classifier[1], lessons, validation, checkpoint, steps=wanted.steps, seed=wanted.seed)
    (wanted.folder / "builtin.onnx").write_bytes(packed(student, wanted.size))


if __name__ == "__main__":
    main()
