"""High dynamic range → sRGB."""

from collections.abc import Callable

import numpy as np
from av.video.reformatter import ColorTrc
from numpy.typing import NDArray

WHITE = 203.0  # cd/m² of a white page in a film of high dynamic range (ITU-R BT.2408)
PEAK = 1000.0  # cd/m² that become the brightest white; most films are mastered for it
KNEE = 0.75  # of the range, up to which brightness stays as it is
# BT.2020 → BT.709, in linear light (ITU-R BT.2087).
_NARROWER = np.array([(1.6605, -0.5876, -0.0728), (-0.1246, 1.1329, -0.0083), (-0.0182, -0.1006, 1.1187)], np.float32)


def perceptual_quantizer(codes: NDArray[np.float32]) -> NDArray[np.float32]:
    """SMPTE ST 2084: codes from 0 to 1 → light, where 1 is WHITE."""
    power = np.power(codes, np.float32(32 / 2523), dtype=np.float32)
    light = np.maximum(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power)
    return np.asarray(np.power(light, np.float32(8192 / 1305)) * (10000 / WHITE), np.float32)


def hybrid_log_gamma(codes: NDArray[np.float32]) -> NDArray[np.float32]:
    """ARIB STD-B67 on a screen of PEAK (ITU-R BT.2100): codes from 0 to 1, the last axis RGB → light, 1 is WHITE."""
    scene = np.where(codes <= 0.5, codes**2 / 3, (np.exp((codes - 0.55991073) / 0.17883277) + 0.28466892) / 12)
    scene = scene.astype(np.float32)
    brightness = scene @ np.array([0.2627, 0.6780, 0.0593], np.float32)
    light = scene * np.power(np.maximum(brightness, 1e-6), 0.2)[..., None] * (PEAK / WHITE)
    return np.asarray(light, np.float32)


TRANSFERS: dict[ColorTrc, Callable[[NDArray[np.float32]], NDArray[np.float32]]] = {
    ColorTrc.SMPTE2084: perceptual_quantizer,
    ColorTrc.ARIB_STD_B67: hybrid_log_gamma,
}


def to_srgb(
    pixels: NDArray[np.uint16], transfer: Callable[[NDArray[np.float32]], NDArray[np.float32]], *, wide: bool
) -> NDArray[np.uint8]:
    """uint16 [H, W, 3], RGB coded by `transfer` → uint8 [H, W, 3] sRGB. `wide`: in the colours of BT.2020.

    Up to KNEE everything is as bright as in a film of ordinary range; what is brighter is compressed, the largest of a
    pixel's three values deciding, so that its hue stays.
    """
    light: NDArray[np.floating] = transfer(pixels.astype(np.float32) / np.float32(65535))
    if wide:
        light = np.maximum(light @ _NARROWER.T, 0)
    largest = np.maximum(light.max(axis=2, keepdims=True), 1e-6)
    light = light * (_compressed(largest) / largest)
    coded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.power(np.maximum(light, 1e-9), 1 / 2.4) - 0.055)
    return (coded * 255).round().clip(0, 255).astype(np.uint8)


def _compressed(light: NDArray[np.floating]) -> NDArray[np.floating]:
    """The identity up to KNEE, then a curve that goes on at the same slope and reaches 1 at PEAK."""
    room, top = 1 - KNEE, (PEAK / WHITE - KNEE) / (1 - KNEE)
    beyond = np.maximum(light - KNEE, 0) / room
    curve = beyond * (1 + beyond * (top - 1) / top**2) / (1 + beyond)  # Reinhard et al. 2002, equation 4
    mapped: NDArray[np.floating] = np.minimum(light, KNEE) + room * np.minimum(curve, 1)
    return mapped
