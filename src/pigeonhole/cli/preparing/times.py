"""Lengths of time and places in a film, as people write them."""

import re

import click

_UNITS = {"ms": 0.001, "s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_PIECE = re.compile(r"(\d+(?:\.\d+)?)(ms|sec|s|min|m|h)")
_CLOCK = re.compile(r"(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)")


def seconds(_context: click.Context, _option: click.Parameter, text: str | None) -> float | None:
    """For an option's `callback`: 2, 2s, 500ms, 1m30s, 1:30 or 00:01:30 in seconds, None where nothing was said."""
    if text is None:
        return None
    plain = text.strip().lower()
    if re.fullmatch(r"\d+(\.\d+)?", plain):
        return float(plain)
    if clock := _CLOCK.fullmatch(plain):
        return int(clock[1] or 0) * 3600 + int(clock[2]) * 60 + float(clock[3])
    if plain and not _PIECE.sub("", plain):
        return sum(float(number) * _UNITS[unit] for number, unit in _PIECE.findall(plain))
    raise click.BadParameter(f"{text!r} is no time. Write 2s, 500ms, 1m30s or 00:01:30.")
