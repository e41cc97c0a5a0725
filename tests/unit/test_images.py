"""Ranges convert exactly; any upload either fits a model or is refused with one sentence."""

import io
import struct
import zlib

import numpy as np
import pytest
import torch
from PIL import Image

from aegan.config import UserError
from aegan.images import (
    MAX_FILE_BYTES,
    cut_square,
    encode_png,
    exchange_light,
    fit_image,
    image_grid,
    open_image,
    shrink,
    square_in,
    to_model,
    to_uint8,
)


def encode(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def noise(height=20, width=30, channels=3) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, channels), dtype=np.uint8)


# ranges


def test_every_byte_survives_the_round_trip():
    x = np.arange(256, dtype=np.uint8).reshape(2, 8, 16, 1)
    y = to_model(x)
    assert y.shape == (2, 1, 8, 16) and y.dtype == torch.float32
    assert y.min() == -1 and y.max() == 1
    np.testing.assert_array_equal(to_uint8(y), x)


def test_channels_keep_their_place_and_tensors_are_taken():
    x = noise(4, 4)[None]
    y = to_model(torch.from_numpy(x))
    np.testing.assert_allclose(y[0, 2].numpy(), x[0, :, :, 2] / 127.5 - 1, atol=1e-6)
    np.testing.assert_array_equal(to_uint8(y.bfloat16().float().requires_grad_()).shape, x.shape)


def test_points_pass_through():
    x = np.random.default_rng(0).normal(size=(5, 2)).astype(np.float32)
    y = to_model(x)
    assert y.shape == (5, 2, 1, 1)
    np.testing.assert_array_equal(to_uint8(y), x)


def test_values_beyond_the_range_are_clamped():
    assert to_uint8(torch.tensor([-9.0, 9.0, 0.0]).view(1, 1, 1, 3)).ravel().tolist() == [0, 255, 128]


def test_read_only_arrays_are_taken_without_a_warning(recwarn):
    x = noise()[None]
    x.flags.writeable = False
    to_model(x)
    assert not recwarn.list


# opening


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"this is a text, not a picture", "damaged or not a picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n", "damaged or not a picture"),
        (encode(Image.fromarray(noise(200, 200)))[:2000], "damaged or not a picture"),
        (encode(Image.fromarray(noise(200, 200)), "JPEG")[:2000], "damaged or not a picture"),
        (encode(Image.new("RGB", (1, 1))), "1 x 1"),
        (encode(Image.new("RGB", (2000, 3))), "at least"),
        (b"\x89PNG" + b"0" * MAX_FILE_BYTES, "larger than"),
    ],
)
def test_what_is_not_a_picture_is_refused(content, words):
    with pytest.raises(UserError, match=words) as caught:
        open_image(content)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("side", [8_000, 30_000])  # the second is beyond Pillow's own limit, too
def test_a_decompression_bomb_is_refused_by_its_header(side):
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 10**6))
    with pytest.raises(UserError, match="shrink it below 50 million"):
        open_image(bomb)


def test_missing_file_and_odd_arrays_are_refused(tmp_path):
    for source in (tmp_path / "none.png", tmp_path, np.zeros((9, 9)), np.zeros((9, 9, 2), np.uint8)):
        with pytest.raises(UserError):
            open_image(source)


def test_all_kinds_of_source_agree(tmp_path):
    x = noise()
    path = tmp_path / "x.png"
    path.write_bytes(encode(Image.fromarray(x)))
    for source in (path, str(path), path.read_bytes(), Image.fromarray(x), x):
        np.testing.assert_array_equal(np.asarray(open_image(source)), x)


def test_the_callers_picture_stays_as_it_was():
    image = Image.new("RGBA", (9, 9), (1, 2, 3, 4))
    open_image(image)
    assert image.mode == "RGBA" and image.getpixel((0, 0)) == (1, 2, 3, 4)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_first_frame_of_an_animation(kind):
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "lime", "blue")]
    image = open_image(encode(frames[0], kind, save_all=True, append_images=frames[1:], lossless=True))
    assert image.mode == "RGB" and np.abs(np.subtract(image.getpixel((8, 8)), (255, 0, 0))).max() < 3


def test_cmyk():
    image = open_image(encode(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG", quality=95))
    assert image.mode == "RGB" and image.getpixel((8, 8))[0] > 200 and image.getpixel((8, 8))[1] < 60


def test_sixteen_bits_are_scaled_not_cut_off():
    values = np.linspace(0, 65535, 256).round().astype(np.uint16).reshape(16, 16)
    for content in (encode(Image.fromarray(values)), encode(Image.fromarray(values), "TIFF")):
        image = open_image(content)
        assert image.mode == "L"
        np.testing.assert_allclose(np.asarray(image).ravel(), np.arange(256), atol=1)


@pytest.mark.parametrize("scale", [1, 255, 65535, 1e9])
def test_float_tiff(scale):
    values = (np.linspace(0, scale, 256, dtype=np.float32)).reshape(16, 16)
    values[3, 3] = np.nan
    image = np.asarray(open_image(encode(Image.fromarray(values), "TIFF")))
    assert image[0, 0] == 0 and image[15, 15] == 255 and image[3, 3] == 0


def test_transparency_becomes_white():
    clear = Image.new("RGBA", (16, 16), (255, 0, 0, 0))
    palette = Image.new("P", (16, 16), 0)
    palette.putpalette([255, 0, 0, 0, 0, 255])
    for content in (
        encode(clear),
        encode(clear, "WEBP", lossless=True),
        encode(palette, transparency=0),
        encode(palette, transparency=b"\0\xff"),
        encode(Image.new("LA", (16, 16), (0, 0))),
        encode(Image.new("RGB", (16, 16), (255, 0, 0)), transparency=(255, 0, 0)),
    ):
        assert open_image(content).convert("RGB").getpixel((5, 5)) == (255, 255, 255)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "CMYK", "YCbCr", "I;16", "I", "F", "HSV", "LAB"])
def test_every_mode_comes_out_with_8_bits(mode):
    assert open_image(Image.new(mode, (12, 12))).mode in ("L", "RGB")


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_a_photo_is_turned_upright_and_broken_exif_is_ignored():
    image = Image.new("RGB", (32, 16), "black")
    image.paste("white", (0, 0, 16, 16))  # left half; the camera was turned, so it belongs on top
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = open_image(encode(image, "JPEG", exif=exif, quality=95))
    assert turned.size == (16, 32) and turned.getpixel((8, 4))[0] > 200 and turned.getpixel((8, 28))[0] < 50
    assert open_image(encode(image, "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xffnonsense")).size == (32, 16)


def test_a_large_jpeg_may_be_decoded_smaller():
    content = encode(Image.new("RGB", (1600, 800)), "JPEG")
    assert open_image(content).size == (1600, 800)
    assert open_image(content, enough=100).size == (200, 100)


# fitting


def test_fit_takes_the_middle_square():
    wide = np.zeros((20, 60, 3), np.uint8)
    wide[:, 20:40] = 200
    fitted = fit_image(open_image(wide), 16, 3)
    assert fitted.shape == (16, 16, 3) and fitted.dtype == np.uint8 and (fitted == 200).all()


def test_fit_leaves_what_fits():
    x = noise(28, 28, 1)
    np.testing.assert_array_equal(fit_image(open_image(x), 28, 1, invert=False), x)


def test_grey_to_colour_and_back():
    x = noise(28, 28, 1)
    colour = fit_image(open_image(x), 28, 3)
    np.testing.assert_array_equal(colour, np.repeat(x, 3, axis=2))
    np.testing.assert_array_equal(fit_image(open_image(colour), 28, 1, invert=False), x)


def test_dark_on_paper_becomes_bright_on_black():
    page = np.full((40, 40, 1), 230, np.uint8)
    page[15:25, 15:25] = 20
    fitted = fit_image(open_image(page), 28, 1)
    assert fitted[0, 0] == 0 and fitted[14, 14] > 200
    assert fit_image(open_image(page), 28, 1, invert=False)[0, 0] == 230
    assert fit_image(open_image(page), 28, 1, invert=True)[0, 0] == 25
    assert fit_image(open_image(page), 28, 3)[0, 0, 0] == 230
    night = open_image(255 - page)
    np.testing.assert_array_equal(fit_image(night, 28, 1), fit_image(night, 28, 1, invert=False))


def test_crop():
    x = np.zeros((40, 40, 3), np.uint8)
    x[:20, :20] = 255
    image = open_image(x)
    assert (fit_image(image, 16, 3, crop=(0, 0, 20, 20)) == 255).all()
    assert (fit_image(image, 16, 3, crop=(-50, -50, 20, 20)) == 255).all()
    for crop in ((0, 0, float("nan"), 5), (50, 50, 60, 60), (5, 5, 5, 5), (20, 0, 0, 20), (0, 0, float("inf"), 9)):
        with pytest.raises(UserError, match="crop"):
            fit_image(image, 16, 3, crop=crop)


# showing


def test_grid():
    x = noise(5 * 4, 4, 1).reshape(5, 4, 4, 1)
    grid = image_grid(x, scale=2, padding=1)  # 3 columns, 2 rows
    assert grid.shape == (2 * 9 + 1, 3 * 9 + 1, 1)
    np.testing.assert_array_equal(grid[1:9:2, 10:18:2], x[1])
    assert (grid[10:18, 19:27] == 128).all() and image_grid(x, columns=9, padding=0).shape == (4, 20, 1)
    with pytest.raises(UserError):
        image_grid(x[:0])


def test_png_keeps_pixels_and_notes():
    for x in (noise(), noise(channels=1)):
        content = encode_png(x, {"seed": "7", "model": "Mühle"})
        image = Image.open(io.BytesIO(content))
        assert image.text == {"seed": "7", "model": "Mühle"}
        np.testing.assert_array_equal(np.asarray(image).reshape(x.shape), x)


def test_each_step_of_fitting_against_numpy():
    x = noise(30, 50, 3)
    image = open_image(x)
    for turns in range(-4, 5):
        turned = np.rot90(x, -turns)  # numpy turns to the left
        np.testing.assert_array_equal(np.asarray(cut_square(image, (0, 0, 12, 12), turns)), turned[:12, :12])
        size = (turned.shape[1], turned.shape[0])
        box = square_in(size, 10 / size[0], 6 / size[1], 20 / 30)
        np.testing.assert_array_equal(np.asarray(cut_square(image, box, turns)), turned[6:26, 10:30])
        fitted = fit_image(image, 20, 3, False, box, turns)
        np.testing.assert_array_equal(fitted, turned[6:26, 10:30])
        np.testing.assert_array_equal(fit_image(image, 20, 3, True, box, turns), 255 - fitted)
    grey = np.asarray(Image.fromarray(x).convert("L"))[..., None]
    np.testing.assert_array_equal(shrink(image.crop((0, 0, 30, 30)), 30, 1), grey[:30, :30])
    np.testing.assert_array_equal(exchange_light(255 - grey * 0), grey * 0)


@pytest.mark.parametrize(
    ("left", "top", "side"),
    [(-0.1, 0, 0.5), (0, -1e-6, 1), (0.5, 0, 1), (0, 0.8, 0.5), (0, 0, 0), (0, 0, -1), (0, 0, 1.01),
     (float("nan"), 0, 1), (0, 0, float("nan")), (0, float("inf"), 0.1), (1e300, 0, 0.1)],
)  # fmt: skip
def test_a_square_beyond_the_picture_is_refused(left, top, side):
    with pytest.raises(UserError, match="a square within the picture"):
        square_in((50, 30), left, top, side)
    assert square_in((50, 30), 0.4, 0, 1) == (20, 0, 50, 30)
    assert square_in((50, 30), 0.40001, 0, 1)[2] == pytest.approx(50, abs=0.01), "rounded on its way"
