"""Stage `scaling`: `guess-dir` on 1, 2, 4, 8 and 16 processors, without a GPU, and what was to be expected.

From the first two a model is fitted: a picture takes `alone + shared / processors` milliseconds. What it says of the
others is compared with what was measured.
"""

from typing import Any

from stage import GPU_OFF, SMALL, Figures, guess_dir, pictures

from pigeonhole.cpus import available_cpus

#: Pictures for each processor.
RUNS = (
    ("0.2 megapixels", 300),
    ("2 megapixels", 100),
)


def main() -> None:
    figures = Figures("scaling")
    for kind, each in RUNS:
        corpus = pictures(kind)
        rates: dict[int, float] = {}
        for processors in (1, 2, 4, 8, 16):
            if processors > available_cpus():
                break
            with figures.part(f"{kind}, {processors}") as keep:
                folder = corpus.first(min(corpus.count, 10 if SMALL else each * processors))
                said = guess_dir(folder, "--hardlink", environment=GPU_OFF,
                                 before=("taskset", "-c", f"0-{processors - 1}"))  # fmt: skip
                rates[processors] = said["seen"] / said["seconds"]
                keep({"per second": round(rates[processors], 1), "pictures": said["seen"], "device": said["device"],
                      **_expected(rates, processors)})  # fmt: skip
    figures.end()


def _expected(rates: dict[int, float], processors: int) -> dict[str, Any]:
    if 1 not in rates or 2 not in rates or processors <= 2:
        return {}
    shared = 2 * (1 / rates[1] - 1 / rates[2])
    alone = 1 / rates[1] - shared
    expected = 1 / (alone + shared / processors)
    return {"expected": round(expected, 1), "of that": round(rates[processors] / expected, 2),
            "alone, ms": round(1000 * alone, 3), "shared, ms": round(1000 * shared, 3)}  # fmt: skip


if __name__ == "__main__":
    main()
