"""Frames out of films of every kind: the right ones, in the right form, and the same after any interruption."""

import os
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from commands import measured, pigeonhole
from disks import read_only
from films import RATE, picture, scenes, write_film
from frames_room import EVERY, mortals, take
from pigeonhole.films.film import Film
from pigeonhole.films.places import Even
from pigeonhole.films.scan import scan
from trees import tree


def times(out: Path) -> list[float]:
    """What the names of the frames say, in seconds."""
    found = [re.fullmatch(r".*-(\d\d)h(\d\d)m(\d\d\.\d{3})s\.jpg", path.name) for path in sorted(out.glob("*.jpg"))]
    return [int(each[1]) * 3600 + int(each[2]) * 60 + float(each[3]) for each in found if each]


def shows(path: Path, seed: int, tolerance: float = 6.0) -> bool:
    """Whether `path` is the picture of that seed."""
    with Image.open(path) as image:
        pixels = np.asarray(image, dtype=float)
    expected = picture(seed, image.width, image.height)
    inner = slice(4, -4)
    return float(np.abs(np.median(np.abs(pixels - expected)[inner, inner]))) < tolerance


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve seconds, another picture every three."""
    return write_film(tmp_path_factory.mktemp("films") / "my film.mp4", scenes(12, 3))


def test_a_film_gives_a_frame_for_every_distance_and_leaves_equal_ones_out(film: Path, tmp_path: Path) -> None:
    result = pigeonhole("frames", film, tmp_path / "out", "--every", "2s")
    assert (result.returncode, result.stdout) == (0, "")
    assert "4 frames, 2 left out as nearly equal to another." in result.stderr
    assert sorted(tree(tmp_path / "out")) == [
        "my film-00h00m00.000s.jpg",
        "my film-00h00m04.000s.jpg",
        "my film-00h00m06.000s.jpg",
        "my film-00h00m10.000s.jpg",
    ]
    assert all(shows(path, seed) for seed, path in enumerate(sorted((tmp_path / "out").glob("*.jpg"))))


def test_all_frames_are_kept_on_demand_and_a_part_of_the_film_is_taken(film: Path, tmp_path: Path) -> None:
    arguments = ("--every", "1s", "--from", "00:00:02", "--to", "7.5", "--keep-all", "--size", "64")
    assert pigeonhole("frames", film, tmp_path / "out", *arguments).returncode == 0
    assert times(tmp_path / "out") == [2, 3, 4, 5, 6, 7]
    with Image.open(tmp_path / "out" / "my film-00h00m05.000s.jpg") as image:
        assert image.size == (64, 36)


def test_scenes_give_one_frame_each(film: Path, tmp_path: Path) -> None:
    assert pigeonhole("frames", film, tmp_path / "out", "--scenes").returncode == 0
    found = times(tmp_path / "out")
    assert [int(time // 3) for time in found] == [0, 1, 2, 3]
    assert all(abs(time % 3 - 1.5) < 0.8 for time in found)


def test_without_keyframes_nearby_the_very_frame_is_taken(tmp_path: Path) -> None:
    film = write_film(
        tmp_path / "long.mkv", scenes(9, 0.4), options={"preset": "ultrafast", "g": "10000", "sc_threshold": "0"}
    )
    take([film], tmp_path / "out", every=1.0)
    assert times(tmp_path / "out") == list(range(9))
    frames = sorted((tmp_path / "out").glob("*.jpg"))
    assert all(shows(frames[second], int(second / 0.4 + 1e-9)) for second in range(9))


@pytest.fixture(scope="module")
def rare_keyframes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine seconds as x264 makes them by itself: keyframes ten seconds apart, frames on which none depends between."""
    options = {"preset": "veryfast", "bframes": "3", "b-pyramid": "normal", "sc_threshold": "0"}
    moments = ((number / RATE, np.roll(picture(1), 3 * number, axis=1)) for number in range(9 * RATE))
    return write_film(tmp_path_factory.mktemp("films") / "rare.mp4", moments, options=options)


def test_what_is_passed_over_on_the_way_to_a_frame_does_not_spoil_it(rare_keyframes: Path, tmp_path: Path) -> None:
    take([rare_keyframes], tmp_path / "out", every=2.0, keep_all=True)
    found = times(tmp_path / "out")
    assert [round(time / 2) for time in found] == [0, 1, 2, 3, 4]
    assert all(0 <= time - round(time / 2) * 2 <= 0.2 for time in found)
    with av.open(str(rare_keyframes)) as container:
        whole = {round(float(frame.time or 0) * 1000): frame.to_ndarray(format="gray") for frame in container.decode()}
    for time, path in zip(found, sorted((tmp_path / "out").glob("*.jpg")), strict=True):
        with Image.open(path) as image:
            pixels = np.asarray(image.convert("L"), dtype=float)
        nearest = min(whole, key=lambda moment: float(np.abs(pixels - whole[moment]).mean()))
        assert nearest == round(time * 1000), "it is the very frame that its name tells"


@pytest.mark.parametrize("every", [0.08, 0.5, 2.0])
def test_whoever_goes_on_in_the_middle_takes_the_same_frames(every: float, rare_keyframes: Path) -> None:
    known = scan(rare_keyframes, 0, 9, lambda time: None)

    def taken(after: float) -> list[float]:
        """As the command does it from the time `after` (seconds) on."""
        found, number, places = [], 0, Even(every, 0, known.end)
        with Film.open(rare_keyframes, known) as film:
            film.skip_to(after)
            while (place := places.next(number, after)) and (shot := film.at(place.time, place.tolerance)):
                found.append(round(shot.time, 3))
                after, number = shot.time, place.number + 1
        return found

    at_once = taken(-1.0)
    assert len(at_once) == pytest.approx(9 / every, abs=1)
    for index in range(0, len(at_once), len(at_once) // 4):
        assert taken(at_once[index]) == at_once[index + 1 :]


KINDS: dict[str, dict[str, Any]] = {
    "a.mkv": {},
    "a.ts": {},
    "a.flv": {},
    "a.webm": {"codec": "libvpx-vp9", "options": {"deadline": "realtime", "cpu-used": "8"}},
    "a.avi": {"codec": "mpeg4", "options": {"bf": "2"}},
    "a.mpg": {"codec": "mpeg2video", "options": {"bf": "2"}},
    "a.mov": {"codec": "prores_ks", "options": {}, "pix_fmt": "yuv422p10le"},
    "a.h264": {},
    "fragments.mp4": {"container_options": {"movflags": "frag_keyframe+empty_moov"}},
}


@pytest.mark.parametrize("name", KINDS)
def test_every_container_gives_every_scene(name: str, tmp_path: Path) -> None:
    film = write_film(tmp_path / name, scenes(6, 2), **KINDS[name])
    output = take([film], tmp_path / "out", every=1.0)
    frames = sorted((tmp_path / "out").glob("*.jpg"))
    assert not output.warnings
    assert len(frames) == 3
    assert all(shows(frame, seed, 10) for seed, frame in enumerate(frames))


def test_a_variable_rate_is_taken_by_the_clock(tmp_path: Path) -> None:
    moments = [0, 0.5, 0.52, 10, 11, 60, 61, 100]
    film = write_film(tmp_path / "slides.mkv", ((time, picture(seed)) for seed, time in enumerate(moments)))
    take([film], tmp_path / "out", every=2.0)
    assert times(tmp_path / "out") == [0, 10, 60, 100]


def test_a_clock_that_begins_anew_goes_on(tmp_path: Path) -> None:
    one, other = (write_film(tmp_path / f"{seed}.ts", scenes(6, 2, seed)) for seed in (0, 50))
    both = tmp_path / "both.ts"
    both.write_bytes(one.read_bytes() + other.read_bytes())
    take([both], tmp_path / "out", every=1.0)

    assert times(tmp_path / "out") == pytest.approx([0, 2, 4, 6, 8, 10], abs=0.1)


def test_a_film_that_is_cut_off_gives_what_is_there_and_says_so(tmp_path: Path) -> None:
    for name, options in (("a.mkv", {}), ("b.mp4", {"movflags": "faststart"})):
        whole = write_film(tmp_path / name, scenes(20, 2), container_options=options)
        whole.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    result = pigeonhole("frames", tmp_path / "a.mkv", tmp_path / "b.mp4", tmp_path / "out")
    assert result.returncode == 1
    assert result.stderr.count("is damaged or ends too early at 00h00m") == 2
    for name in "ab":
        assert 3 <= len(list((tmp_path / "out").glob(f"{name}-*.jpg"))) <= 7


def test_damage_in_the_middle_costs_what_is_damaged(tmp_path: Path) -> None:
    film = write_film(tmp_path / "scratched.ts", scenes(20, 2))
    data = bytearray(film.read_bytes())
    start = len(data) // 2
    data[start : start + 2000] = np.random.default_rng(0).bytes(2000)
    film.write_bytes(data)
    take([film], tmp_path / "out", every=2.0)
    assert times(tmp_path / "out")[-1] == 18
    assert len(times(tmp_path / "out")) >= 8


def test_what_is_no_film_is_named_and_the_others_go_on(film: Path, tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("This is no film.\n" * 100)
    (tmp_path / "empty.mkv").write_bytes(b"")
    Image.fromarray(picture(1)).save(tmp_path / "picture.mp4", "JPEG")
    bad = ["text.mp4", "empty.mkv", "picture.mp4"]
    result = pigeonhole("frames", *(tmp_path / name for name in bad), film, tmp_path / "out")
    assert result.returncode == 1
    for name in bad:
        assert f"unreadable: {tmp_path / name}: it is " in result.stderr
    assert len(times(tmp_path / "out")) == 4


def test_two_films_of_one_name_get_two_names_and_keep_them(tmp_path: Path) -> None:
    write_film(tmp_path / "a" / "film.mp4", scenes(4, 2))
    write_film(tmp_path / "b" / "film.mkv", scenes(4, 2, seed=50))
    for _ in range(2):
        result = pigeonhole("frames", tmp_path / "b", tmp_path / "a", tmp_path / "out")
        assert result.returncode == 0
        assert sorted(tree(tmp_path / "out")) == [
            "film-00h00m00.000s.jpg",
            "film-00h00m02.000s.jpg",
            "film-2-00h00m00.000s.jpg",
            "film-2-00h00m02.000s.jpg",
        ]
    assert shows(tmp_path / "out" / "film-00h00m00.000s.jpg", 50)
    assert shows(tmp_path / "out" / "film-2-00h00m00.000s.jpg", 0)


def test_a_frame_that_someone_deleted_is_not_taken_again_and_none_is_overwritten(film: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "my film-00h00m04.000s.jpg").write_text("mine")
    take([film], out)
    assert (out / "my film-00h00m04.000s.jpg").read_text() == "mine"
    assert shows(out / "my film-00h00m04.000s-2.jpg", 1)
    (out / "my film-00h00m06.000s.jpg").unlink()
    before = tree(out)
    assert "3 of them from an earlier run" not in take([film], out).notes[0]
    assert tree(out) == before


def test_what_another_run_took_of_a_film_is_not_taken_a_second_time(film: Path, tmp_path: Path) -> None:
    for options in (("--to", "7s"), (), ("--every", "1s", "--keep-all")):
        assert pigeonhole("frames", film, tmp_path / "out", *options).returncode == 0
    assert pigeonhole("frames", film, tmp_path / "alone", "--every", "1s", "--keep-all").returncode == 0
    assert tree(tmp_path / "out") == tree(tmp_path / "alone")


def test_a_film_that_ends_before_the_beginning_is_said_to(film: Path, tmp_path: Path) -> None:
    result = pigeonhole("frames", film, tmp_path / "out", "--from", "1m")
    assert result.returncode == 0
    assert "0 frames; the film has no picture at 00h01m00.000s or later." in result.stderr


def test_another_size_in_the_same_folder_is_refused(film: Path, tmp_path: Path) -> None:
    assert pigeonhole("frames", film, tmp_path / "out", "--size", "64").returncode == 0
    before = tree(tmp_path / "out")
    result = pigeonhole("frames", film, tmp_path / "out", "--size", "65")
    assert result.returncode == 2
    assert "with --size 64. Use the same size, or choose another folder." in result.stderr
    assert tree(tmp_path / "out") == before


def test_killed_at_any_step_and_started_again_gives_the_same_folder(tmp_path: Path) -> None:
    films = [write_film(tmp_path / name, scenes(3, 1, seed)) for name, seed in (("a.mp4", 0), ("b.ts", 50))]
    take(films, tmp_path / "expected", every=EVERY)
    expected = tree(tmp_path / "expected")
    assert len(expected) == 6
    dying = mortals()
    for step in range(1, 100):
        out = tmp_path / f"out {step}"
        was_killed = dying.killed_at(step, out, *films)
        take(films, out, every=EVERY)
        assert tree(out) == expected, step
        if not was_killed:
            break
    dying.close()
    assert step == 2 * 6 + 1  # of each film: announced, three parts, published, finished


def test_black_and_blank_frames_are_left_out(tmp_path: Path) -> None:
    black, white = np.full((180, 320, 3), 4, np.uint8), np.full((180, 320, 3), 250, np.uint8)
    dark = (picture(3) * 0.25).astype(np.uint8)
    film = write_film(tmp_path / "a.mp4", enumerate([black, dark, white, picture(1)]))
    output = take([film], tmp_path / "out", every=1.0)
    assert times(tmp_path / "out") == [1, 3]
    assert output.notes == [f"{film}: 2 frames, 1 left out as black, 1 left out as blank."]


def test_a_turned_film_comes_out_upright(tmp_path: Path) -> None:
    film = write_film(tmp_path / "phone.mp4", [(0, picture(1))], adjust=lambda stream: stream.set_display_rotation(90))
    take([film], tmp_path / "out")
    with Image.open(tmp_path / "out" / "phone-00h00m00.000s.jpg") as image:
        assert image.size == (180, 320)
        upright = np.asarray(image, dtype=float)
    assert np.median(np.abs(upright - np.rot90(picture(1)))) < 6


def test_pixels_that_are_no_squares_are_shown_as_squares(tmp_path: Path) -> None:
    def wide(stream: Any) -> None:
        stream.codec_context.sample_aspect_ratio = Fraction(16, 11)

    film = write_film(tmp_path / "dvd.mkv", [(0, picture(1, 704, 576))], adjust=wide)
    take([film], tmp_path / "out", size=1024)
    with Image.open(tmp_path / "out" / "dvd-00h00m00.000s.jpg") as image:
        assert image.size == (1024, 576)


def test_of_two_fields_one_is_shown(tmp_path: Path) -> None:
    combed, other = (np.repeat(picture(seed)[:, :, :1], 3, axis=2) for seed in (1, 2))
    expected = combed.copy()
    combed[1::2] = other[1::2]

    def interlaced(stream: Any) -> None:
        stream.codec_context.flags |= av.codec.context.Flags.interlaced_dct | av.codec.context.Flags.interlaced_me

    film = write_film(
        tmp_path / "tv.ts",
        [(number / RATE, combed) for number in range(4)],
        codec="mpeg2video",
        options={"b": "8000000"},
        adjust=interlaced,
    )
    with av.open(str(film)) as container:
        assert next(container.decode(video=0)).interlaced_frame
    take([film], tmp_path / "out")
    with Image.open(tmp_path / "out" / "tv-00h00m00.000s.jpg") as image:
        assert np.median(np.abs(np.asarray(image, dtype=float) - expected)) < 8


def hdr_frames(transfer: int, codes: list[float]) -> Iterator[tuple[float, av.VideoFrame]]:
    """A grey frame of 10 bits and BT.2020 for each of `codes` (0 to 1)."""
    for second, code in enumerate(codes):
        frame = av.VideoFrame(128, 128, "yuv420p10le")
        for plane, value in zip(frame.planes, (round(64 + 876 * code), 512, 512), strict=True):
            plane.update(np.full((plane.height, plane.line_size // 2), value, "<u2").tobytes())
        frame.colorspace, frame.color_range, frame.color_trc, frame.color_primaries = 9, 1, transfer, 9
        yield second, frame


@pytest.mark.parametrize(("transfer", "white"), [(16, 0.58), (18, 0.75)], ids=["PQ", "HLG"])
def test_high_dynamic_range_is_mapped_to_an_ordinary_screen(transfer: int, white: float, tmp_path: Path) -> None:
    """`white` is the code of a white page, 203 cd/m² (ITU-R BT.2408)."""

    def tagged(stream: Any) -> None:
        context = stream.codec_context
        context.colorspace, context.color_range, context.color_trc, context.color_primaries = 9, 1, transfer, 9

    codes = [0.0, white / 2, white, 1.0]
    film = write_film(
        tmp_path / "hdr.mkv",
        hdr_frames(transfer, codes),
        codec="libx265",
        options={"preset": "ultrafast", "x265-params": "log-level=none:keyint=1"},
        adjust=tagged,
        pix_fmt="yuv420p10le",
    )
    take([film], tmp_path / "out", every=1.0, keep_all=True)
    levels = []
    for path in sorted((tmp_path / "out").glob("*.jpg")):
        with Image.open(path) as image:
            pixels = np.asarray(image, dtype=float)
        assert pixels.std() < 3, "grey stays grey"
        levels.append(float(pixels.mean()))
    assert len(levels) == 4
    assert levels[0] < 3
    assert 40 < levels[1] < 140
    assert 215 < levels[2] < 248, "a white page is nearly white, and there is something brighter"
    assert levels[3] > 250


def test_ten_bits_of_ordinary_range_keep_their_colours(tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mov", [(0, picture(1))], codec="prores_ks", options={}, pix_fmt="yuv422p10le")
    take([film], tmp_path / "out")
    assert shows(tmp_path / "out" / "a-00h00m00.000s.jpg", 1)


def test_odd_names_are_fine(tmp_path: Path) -> None:
    names = ["-dash.mp4", "new\nline.mkv", "a%03d.mp4", "concat:x.mp4", "ü " + "ü" * 100 + ".mp4", ".hidden.mp4"]
    names.append(os.fsdecode(b"caf\xe9.mkv"))
    plain = write_film(tmp_path / "plain.mkv", scenes(1, 1))
    (tmp_path / "in").mkdir()
    for number, name in enumerate(names):  # each another film
        (tmp_path / "in" / name).write_bytes(plain.read_bytes() + bytes([number]))
    result = pigeonhole("frames", "in", "out", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    found = sorted(tree(tmp_path / "out"))
    assert len(found) == len(names)
    for name in names:
        stem = Path(name).stem
        assert any(each.startswith(stem[:50]) and each.endswith("-00h00m00.000s.jpg") for each in found), name


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["film.mp4"], 2, "frames takes at least one film and the folder OUT, and got 1 name."),
        (["none.mp4", "out"], 2, "There is no film none.mp4. Check the name."),
        (["empty", "out"], 4, "There is no film in empty."),
        (["film.mp4", "film.mp4"], 2, "film.mp4 is a file. Name a folder for the results."),
        (["in", "in/out"], 2, "in/out is the same folder as in, or lies inside it. Choose a folder outside."),
        (["film.mp4", "out", "--every", "never"], 2, "'never' is no time. Write 2s, 500ms, 1m30s or 00:01:30."),
        (["film.mp4", "out", "--every", "0"], 2, "--every is at least 1ms."),
        (["film.mp4", "out", "--scenes", "--every", "2s"], 2, "Give one of them."),
        (["film.mp4", "out", "--from", "5", "--to", "4"], 2, "--from lies behind --to."),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments: list[str], code: int, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    write_film(tmp_path / "film.mp4", scenes(1, 1))
    write_film(tmp_path / "in" / "film.mp4", scenes(1, 1))
    before = tree(tmp_path)
    result = pigeonhole("frames", *arguments, cwd=tmp_path)
    assert (result.returncode, result.stdout) == (code, "")
    assert sentence in result.stderr
    assert tree(tmp_path) == before


def test_a_folder_that_cannot_be_written_is_named(film: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with read_only(tmp_path / "out"):
        result = pigeonhole("frames", film, tmp_path / "out")
    assert result.returncode == 5
    assert "out cannot be written" in result.stderr


def test_a_long_film_takes_no_more_memory_than_a_short_one(tmp_path: Path) -> None:
    peaks = []
    for name, seconds in (("short.mkv", 60), ("long.mkv", 7200)):
        moments = ((number * 2.0, picture(number % 400, 64, 48)) for number in range(seconds // 2))
        film = write_film(tmp_path / name, moments, options={"preset": "ultrafast", "g": "4", "threads": "1"})
        result = measured("frames", film, tmp_path / f"out {name}", "--every", "10s")
        assert result.returncode == 0
        peaks.append(result.peak_bytes)
    assert len(times(tmp_path / "out long.mkv")) > 300
    assert peaks[1] < peaks[0] + 24 * 1024**2


@pytest.mark.parametrize("kind", ["pipe", "endless"])
def test_what_does_not_end_is_no_film(kind: str, film: Path, tmp_path: Path) -> None:
    odd = tmp_path / "odd.mp4"
    if kind == "pipe":
        os.mkfifo(odd)
    else:
        odd.symlink_to("/dev/zero")
    result = pigeonhole("frames", odd, film, tmp_path / "out")
    assert f"unreadable: {odd}: it is not a file" in result.stderr
    assert result.returncode == 1
    assert any((tmp_path / "out").glob("*.jpg"))
