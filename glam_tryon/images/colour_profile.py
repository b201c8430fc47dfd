"""ICC profiles for colours that a file only names, by numbers of ITU-T H.273 or by its PNG chunks.

Made here, because Pillow converts by profiles and does not know the names. As Chromium and Firefox
paint them: the curves of video (BT.709 and its like) as sRGB's, names that are unknown as sRGB.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Sequence
from functools import lru_cache

#: The chromaticities of red, green, blue and white: eight numbers.
Primaries = tuple[float, float, float, float, float, float, float, float]
#: From a value of a file, 0 to 1, to light, 0 to 1.
Curve = Callable[[float], float]

_D65 = (0.3127, 0.3290)
_C = (0.310, 0.316)
_SRGB: Primaries = (0.640, 0.330, 0.300, 0.600, 0.150, 0.060, *_D65)

#: H.273, table 2.
_PRIMARIES: dict[int, Primaries] = {
    1: _SRGB,
    4: (0.67, 0.33, 0.21, 0.71, 0.14, 0.08, *_C),
    5: (0.64, 0.33, 0.29, 0.60, 0.15, 0.06, *_D65),
    6: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, *_D65),
    7: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, *_D65),
    8: (0.681, 0.319, 0.243, 0.692, 0.145, 0.049, *_C),
    9: (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, *_D65),
    11: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, 0.314, 0.351),
    12: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, *_D65),
    22: (0.630, 0.340, 0.295, 0.605, 0.155, 0.077, *_D65),
}


def _srgb(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)


def _power(exponent: float) -> Curve:
    return lambda value: float(pow(value, exponent))


#: White paper, and the brightest light that is told from it, in candelas a square metre (BT.2408).
_WHITE_NITS = 203.0
_BRIGHTEST_NITS = 1000.0


def _toned(nits: float) -> float:
    """Return the share of a screen's light for one of a brighter world, as Chromium does.

    It is the reference white curve of SMPTE ST 2094-50: linear up to white paper, which gets half
    of the light, and from there a quadratic Bezier curve to the brightest.
    """
    x, knee, brightest = nits / _WHITE_NITS, 0.5, _BRIGHTEST_NITS / _WHITE_NITS
    if x <= 1:
        return knee * x
    if x >= brightest:
        return 1.0
    middle_x, middle_y = 0.35 + 0.65 / knee, 0.35 * knee + 0.65
    a, b = 1 - 2 * middle_x + brightest, 2 * (middle_x - 1)
    t = (math.sqrt(b * b - 4 * a * (1 - x)) - b) / (2 * a)
    return knee + 2 * (middle_y - knee) * t + (knee - 2 * middle_y + 1) * t * t


def _pq(value: float) -> float:
    root = float(value ** (32 / 2523))
    share = max(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)
    return _toned(10_000 * share ** (8192 / 1305))


def _hlg(value: float) -> float:
    scene = value * value / 3 if value <= 0.5 else _hlg_upper(value)
    return _toned(_BRIGHTEST_NITS * scene**1.2)


def _hlg_upper(value: float) -> float:
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return float((math.exp((value - c) / a) + b) / 12)


#: H.273, table 3.
_CURVES: dict[int, Curve] = {
    4: _power(2.2),
    5: _power(2.8),
    8: _power(1),
    16: _pq,
    18: _hlg,
}


@lru_cache(maxsize=16)
def named_profile(primaries: int, transfer: int) -> bytes | None:
    """Return the profile for a pair of H.273's numbers; empty for sRGB, None for nothing."""
    curve = _CURVES.get(transfer)
    # 2 says that it is not known.
    found = _SRGB if primaries == 2 and curve else _PRIMARIES.get(primaries)
    if found is None:
        return None
    return b"" if found is _SRGB and curve is None else _profile(found, curve or _srgb)


@lru_cache(maxsize=16)
def gamma_profile(exponent: float, primaries: Primaries | None = None) -> bytes | None:
    """Return the profile for one power and the primaries, sRGB's if none are given.

    None for numbers that no colours have.
    """
    try:
        return _profile(primaries or _SRGB, _power(exponent))
    except (ZeroDivisionError, OverflowError, struct.error):
        return None


# The profile: version 4, a matrix and a curve.

Row = tuple[float, float, float]
_D50: Row = (0.9642, 1.0, 0.8249)
_BRADFORD: tuple[Row, Row, Row] = (
    (0.8951, 0.2664, -0.1614),
    (-0.7502, 1.7135, 0.0367),
    (0.0389, -0.0685, 1.0296),
)
_BRADFORD_BACK: tuple[Row, Row, Row] = (
    (0.9869929, -0.1470543, 0.1599627),
    (0.4323053, 0.5183603, 0.0492912),
    (-0.0085287, 0.0400428, 0.9684867),
)


def _profile(primaries: Primaries, curve: Curve) -> bytes:
    values = [min(65_535, max(0, round(65_535 * curve(step / 255)))) for step in range(256)]
    trc = b"curv" + struct.pack(">II256H", 0, 256, *values)
    tags = {b"wtpt": _xyz(_D50)}
    for name, colorant in zip((b"r", b"g", b"b"), _colorants(primaries), strict=True):
        tags[name + b"XYZ"] = _xyz(colorant)
        tags[name + b"TRC"] = trc
    at = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for tag, content in tags.items():
        table += struct.pack(">4sII", tag, at + len(body), len(content))
        body += content
    header = struct.pack(
        ">I4xI4s4s4s12x4s28x3i48x",
        at + len(body),
        0x04300000,
        b"mntr",
        b"RGB ",
        b"XYZ ",
        b"acsp",
        *_fixed(_D50),
    )
    return header + table + body


def _xyz(colour: Row) -> bytes:
    return b"XYZ " + struct.pack(">I3i", 0, *_fixed(colour))


def _fixed(numbers: Sequence[float]) -> list[int]:
    return [round(number * 65_536) for number in numbers]


def _colorants(primaries: Primaries) -> list[Row]:
    """Return the XYZ of red, green and blue under D50."""
    red, green, blue, white = (
        (x / y, 1.0, (1 - x - y) / y) for x, y in zip(primaries[::2], primaries[1::2], strict=True)
    )
    columns = (red, green, blue)
    whole = _determinant(columns)
    shares = [
        _determinant([white if at == each else columns[at] for at in range(3)]) / whole
        for each in range(3)
    ]
    source, target = _times(_BRADFORD, white), _times(_BRADFORD, _D50)
    found = []
    for share, column in zip(shares, columns, strict=True):
        cone = _times(_BRADFORD, column)
        seen = [c * share * b / a for c, a, b in zip(cone, source, target, strict=True)]
        found.append(_times(_BRADFORD_BACK, seen))
    return found


def _times(rows: Sequence[Row], column: Sequence[float]) -> Row:
    x, y, z = (sum(a * b for a, b in zip(row, column, strict=True)) for row in rows)
    return x, y, z


def _determinant(columns: Sequence[Sequence[float]]) -> float:
    (a, d, g), (b, e, h), (c, f, i) = columns
    return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
