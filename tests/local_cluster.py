"""A program that starts a cluster of this machine, looks at it, and lets it answer files that kill their decoders.

Its arguments are TF_FILES and the folder with the files; it prints one JSON object.
"""

import json
import os
import sys
from dataclasses import replace
from itertools import repeat
from pathlib import Path
from typing import Any

from pigeonhole import __version__
from pigeonhole.answers.folder import FolderSource
from pigeonhole.answers.listed import Listed
from pigeonhole.answers.table import About
from pigeonhole.cluster.run import answer_all
from pigeonhole.cluster.start import ready


def main() -> None:
    model, source = (Path(sys.argv[1]) / "model.onnx").read_bytes(), FolderSource(Path(sys.argv[2]))
    listed = [each for each in source.find() if isinstance(each, Listed)]
    about = About("", (), unknown=True, tta=False, source=source.address, version=__version__)
    with ready("local", source, listed[0], model, about) as its:
        import ray
        from ray._common.usage import usage_lib

        node: Any = ray._private.worker._global_node
        there = ray.get(ray.remote(num_cpus=0)(environment).remote())
        job = replace(its.job, decoder="decoder_stubs:obedient")
        rows = [row for done in answer_all(job, its.shape, listed, repeat(2)) for row in done.rows]
        seen = {
            "tells": usage_lib.usage_stats_enabled(),
            "worker": there,
            "folder": node.get_session_dir_path(),
            "results": sorted((row.listed.name, str(row.result)) for row in rows),
        }
    sys.stdout.write(json.dumps(seen))


def environment() -> dict[str, str]:
    return dict(os.environ)


if __name__ == "__main__":
    main()
