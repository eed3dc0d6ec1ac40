"""Whether OpenCV is here, which is installed with the extras `faces` and `prepare` only."""

from importlib.util import find_spec

from pigeonhole.errors import UsageError


def has_opencv() -> bool:
    return find_spec("cv2") is not None


def check_opencv(who: str) -> None:
    """Raise UsageError where there is no OpenCV; `who` needs it."""
    if not has_opencv():
        raise UsageError(
            f"{who} looks for faces with OpenCV, which is not installed.",
            "Install it with: pip install 'pigeonhole[faces]'",
        )
