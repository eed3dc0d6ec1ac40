"""Stage `pictures`: photo-like JPEG and PNG files of 0.2, 2 and 12 megapixels, made here, a process for each kind."""

import time
from concurrent.futures import ProcessPoolExecutor

from stage import KINDS, Figures, pictures, work


def _make(name: str) -> dict[str, object]:
    began = time.perf_counter()
    made = pictures(name)
    return {"count": made.count, "mebibytes": round(made.mebibytes, 1), "JPEG share": made.jpeg_share,
            "bytes a pixel in JPEGs": round(made.jpeg_bytes_per_pixel, 3),
            "seconds": round(time.perf_counter() - began, 1)}  # fmt: skip


def main() -> None:
    figures = Figures("pictures")
    with figures.part("folder") as keep:
        keep(str(work()))
    with ProcessPoolExecutor(len(KINDS)) as pool:
        making = {name: pool.submit(_make, name) for name in KINDS}
        for name, future in making.items():
            with figures.part(name) as keep:
                keep(future.result())
    figures.end()


if __name__ == "__main__":
    main()
