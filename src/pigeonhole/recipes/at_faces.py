"""Pictures that are classified by their faces: whether they have any, and a backbone that looks at these."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

from pigeonhole.backbones.frozen import Backbone
from pigeonhole.dataset.faces import animeface_or_warning, with_faces
from pigeonhole.dataset.folders import Dataset
from pigeonhole.decoding.faces import DETECTORS, SAMPLE, commoner, faces_in
from pigeonhole.errors import DataError
from pigeonhole.faces.animeface_environment import animeface_if_there
from pigeonhole.faces.opencv import check_opencv, has_opencv
from pigeonhole.images.preprocessing import Detector
from pigeonhole.output import Output, Stage
from pigeonhole.records import Found
from pigeonhole.workspace import Workspace

SEARCH = "Looking for faces"
MOST = 0.5  # of the pictures, that have exactly one face


def at_faces(
    workspace: Workspace, dataset: Dataset, backbone: Backbone, output: Output, detector: Detector | None = None
) -> tuple[Dataset, Backbone]:
    """`dataset` with the places of its faces, and `backbone` looking at these; None: the `detector` that finds more.

    Raises DataError where there are none.
    """
    check_opencv("--crop faces")
    if detector is None:
        sample = _sample(dataset)
        animeface = animeface_or_warning(output)
        with output.stage(SEARCH, len(sample)) as advance:
            detector = commoner(_counting(faces_in(sample, animeface), advance))
        if detector is None:
            raise DataError(f"No face was found in {len(sample)} of the training pictures.", "Leave --crop faces out.")
    dataset = with_faces(dataset, detector, workspace, output)
    count = sum(example.found.face is not None and example.found.face.box is not None for example in dataset.examples)
    output.note(
        f"Faces ({detector}) were found in {count} of {len(dataset.examples)} pictures; the others are seen whole."
    )
    return dataset, looking_at(backbone, detector)


def looking_at(backbone: Backbone, detector: Detector) -> Backbone:
    """`backbone`, which sees the whole of what is cut out around a face."""
    preprocessing = replace(backbone.preprocessing, crop="squeeze", fraction=1.0, face=detector)
    return replace(backbone, preprocessing=preprocessing)


def detector_worth_trying(dataset: Dataset, output: Output) -> Detector | None:
    """The detector that finds exactly one face in most pictures, judged by a sample; None where neither does."""
    if not has_opencv():
        return None
    sample, seen = _sample(dataset), 0
    having = dict.fromkeys(DETECTORS, 0)
    with closing(faces_in(sample, animeface_if_there())) as counts, output.stage(SEARCH, len(sample)) as advance:
        for seen, count in enumerate(_counting(counts, advance), start=1):
            for detector in DETECTORS:
                having[detector] += count[detector] == 1
            if max(having.values()) + len(sample) - seen <= MOST * len(sample):
                return None  # whatever is on the others; where there are no faces, looking takes longest
    best = max(DETECTORS, key=lambda detector: having[detector])
    return best if having[best] > MOST * max(1, seen) else None


def _counting(counts: Iterator[dict[Detector, int]], advance: Stage) -> Iterator[dict[Detector, int]]:
    for count in counts:
        advance()
        yield count


def _sample(dataset: Dataset) -> list[Found]:
    """SAMPLE pictures from all over the set."""
    step = max(1, len(dataset.examples) // SAMPLE)
    return [example.found for example in dataset.examples[::step]][:SAMPLE]
