"""Three sample uploads drawn by formula: a T-shirt and a sneaker like catalogue photos, and a handwritten digit."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SIDE = 280
Point = tuple[float, float]


def smooth(points: list[Point], steps: int = 12) -> list[Point]:
    """A closed Catmull-Rom curve through the points."""
    p, t = np.array(points), np.linspace(0, 1, steps, endpoint=False)[:, None]
    a, b, c, d = (np.roll(p, shift, axis=0)[:, None] for shift in (1, 0, -1, -2))
    curve = b + (c - a) * t / 2 + (a - 2.5 * b + 2 * c - d / 2) * t**2 + (1.5 * (b - c) + (d - a) / 2) * t**3
    return [(float(x), float(y)) for x, y in curve.reshape(-1, 2)]


def studio(shapes: Sequence[tuple[Sequence[Point], str]], folds: Sequence[Sequence[Point]], seed: int) -> Image.Image:
    """Filled shapes (coordinates in 0 … 100) like a catalogue photo: white paper, soft shadow, light, folds, grain."""
    big = 4 * SIDE

    def scale(points: Sequence[Point]) -> list[Point]:
        return [(x * big / 100, y * big / 100) for x, y in points]

    mask = Image.new("L", (big, big))
    for points, _ in shapes:
        ImageDraw.Draw(mask).polygon(scale(points), fill=255)
    shadow = mask.filter(ImageFilter.GaussianBlur(big // 40)).point(lambda v: 255 - v // 5)
    photo = Image.new("RGB", (big, big), (247, 246, 244))
    photo = Image.composite(photo, Image.new("RGB", photo.size, (120, 118, 116)), shadow)
    goods = photo.copy()
    for points, colour in shapes:
        ImageDraw.Draw(goods).polygon(scale(points), fill=colour)
    shade = Image.new("L", (big, big), 128)
    for i, fold in enumerate(folds):
        ImageDraw.Draw(shade).line(scale(fold), fill=90 if i % 2 == 0 else 165, width=big // 60, joint="curve")
    light = np.asarray(shade.filter(ImageFilter.GaussianBlur(big // 70)), np.float32) / 128
    light = light * np.linspace(1.12, 0.88, big, dtype=np.float32)[:, None]
    lit = Image.fromarray((np.asarray(goods, np.float32) * light[..., None]).clip(0, 255).astype(np.uint8))
    photo.paste(lit, mask=mask)
    pixels = np.asarray(photo.resize((SIDE, SIDE), Image.Resampling.LANCZOS), np.float32)
    pixels += np.random.default_rng(seed).normal(0, 2.5, (SIDE, SIDE, 1))
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def mirror(half: list[Point]) -> list[Point]:
    return half + [(100 - x, y) for x, y in reversed(half)]


def draw_tshirt() -> Image.Image:
    body = smooth(
        mirror([(42, 9), (33, 11), (23, 16), (16, 27), (9, 40), (10, 42), (16, 45), (22, 47), (24, 45), (26, 40),
                (27, 39.5), (27, 60), (26.3, 80), (26, 91), (27, 93), (40, 94)])
    )  # fmt: skip
    neck = mirror([(42, 9), (44, 14), (48, 17)])
    stripe = mirror([(26.9, 52), (26.7, 62)])
    folds = [[(30, 42), (38, 50), (40, 66)], [(68, 44), (62, 56), (64, 72)], [(45, 70), (48, 88)], [(24, 20), (27, 36)],
             [(76, 20), (73, 36)], [(57, 66), (54, 86)]]  # fmt: skip
    return studio([(body, "#2f5d8c"), (stripe, "#24486d"), (smooth(neck), "#1d3a58")], folds, 1)


def draw_sneaker() -> Image.Image:
    upper = smooth([(8, 42), (14, 36), (22, 41), (32, 40), (42, 37), (50, 42), (62, 51), (78, 55), (91, 60), (94, 68),
                    (60, 71), (12, 70), (7, 58)])  # fmt: skip
    sole = smooth([(6, 67), (12, 68), (50, 69), (90, 67), (96, 69), (94, 75), (80, 77), (40, 77), (10, 77), (5, 73)])
    tongue = smooth([(40, 38), (46, 34), (52, 39), (50, 44), (44, 42)])
    swish = smooth([(22, 62), (38, 61), (54, 52), (58, 54), (44, 65), (26, 67)])
    eyelets = ((44, 46), (49, 49), (54, 52), (60, 55))
    laces = [[(x, y), (x + 8, y - 3), (x + 8, y - 1.6), (x, y + 1.4)] for x, y in eyelets]
    shapes = [(tongue, "#7c1f24"), (upper, "#a52a2f"), (sole, "#ddd8cf"), (swish, "#ece7de")]
    folds = [[(76, 56), (72, 66)], [(18, 46), (16, 64)], [(84, 58), (82, 66)], [(66, 53), (64, 62)]]
    return studio(shapes + [(lace, "#f3efe8") for lace in laces], folds, 2)


def draw_five() -> Image.Image:
    """A five as with a felt pen on paper."""
    big = 4 * SIDE
    page = Image.new("L", (big, big), 244)
    bow = [(50 + 19 * math.cos(a), 62 + 17 * math.sin(a)) for a in np.linspace(-1.9, 2.6, 60)]
    for line in ([(68, 22), (42, 23)], [(42, 23), (39, 47)], [(39, 47), *bow]):
        points = [(x * big / 100, y * big / 100) for x, y in line]
        pen = ImageDraw.Draw(page)
        pen.line(points, fill=40, width=big * 7 // 100, joint="curve")
        for x, y in (points[0], points[-1]):
            pen.circle((x, y), big * 3.5 / 100, fill=40)
    return page.resize((SIDE, SIDE), Image.Resampling.LANCZOS)
