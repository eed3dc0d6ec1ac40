"""CIE L*a*b* → sRGB (CIE 15:2004; IEC 61966-2-1; chromatic adaptation by Bradford's matrix)."""

import numpy as np
from numpy.typing import NDArray

D50 = (0.9642, 1.0, 0.8249)  # the white of ICC profiles and of Photoshop
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_D65 = np.array([0.95047, 1.0, 1.08883])
_XYZ_TO_RGB = np.array(
    [[3.2404542, -1.5371385, -0.4985314], [-0.969266, 1.8760108, 0.041556], [0.0556434, -0.2040259, 1.0572252]]
)


def lab_to_rgb(lab: NDArray[np.floating], white: tuple[float, ...] = D50) -> NDArray[np.uint8]:
    """float [..., 3] of L* 0 to 100, a* and b* about -128 to 127, whose white is X, Y, Z → uint8 [..., 3] sRGB."""
    brightness = (lab[..., 0] + 16) / 116
    roots = np.stack([brightness + lab[..., 1] / 500, brightness, brightness - lab[..., 2] / 200], axis=-1)
    xyz = np.where(roots > 6 / 29, roots**3, 3 * (6 / 29) ** 2 * (roots - 4 / 29)) * np.array(white)
    cones, seen = _BRADFORD @ np.array(white), _BRADFORD @ _D65
    to_rgb = _XYZ_TO_RGB @ np.linalg.inv(_BRADFORD) @ np.diag(seen / cones) @ _BRADFORD
    linear = (xyz @ to_rgb.T).clip(0, 1)
    rgb = np.where(linear > 0.0031308, 1.055 * linear ** (1 / 2.4) - 0.055, 12.92 * linear)
    eight_bits: NDArray[np.uint8] = np.rint(rgb * 255).astype(np.uint8)
    return eight_bits
