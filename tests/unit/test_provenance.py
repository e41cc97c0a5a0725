"""Made pictures say so in their own files, and can be drawn again from what they say."""

import io
import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest
import torch
from PIL import Image

from aegan import provenance
from aegan.checkpoints import SHIPPED, shipped_models
from aegan.config import UserError, get_preset
from aegan.events import Preview
from aegan.history import append_event
from aegan.images import encode_png, to_uint8
from aegan.model import AEGAN
from aegan.plots import reconstruction_sheet, sample_sheet
from aegan.provenance import describe_picture, make_record, png_notes, read_provenance, to_xmp


def noted(note: str | bytes) -> bytes:
    """A file with anything as its record."""
    note = note.encode() if isinstance(note, str) else note
    return b"some picture <aegan:record>" + note + b"</aegan:record> and more"


def opened(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)))


@pytest.mark.parametrize("name", shipped_models())
def test_a_shipped_models_picture_is_drawn_again_from_its_file(name):
    model = AEGAN.from_pretrained(SHIPPED / name)
    noise = torch.randn(1, model.config.model.z_dim, generator=torch.Generator().manual_seed(7))
    image = to_uint8(model.sample(0, noise=noise))[0]
    png = encode_png(image, png_notes(describe_picture(model, "a sample", name, noise=noise)))
    record = read_provenance(png)
    assert record["generated"] is True and record["model"] == name and record["software"].startswith("AE-GAN ")
    assert (record["step"], record["commit"]) == (model.info["step"], model.info["commit"])
    assert torch.equal(torch.tensor(record["noise"]), noise), "nine digits are all of single precision"
    again = to_uint8(model.sample(0, noise=torch.tensor(record["noise"])))
    assert np.array_equal(again[0].squeeze(), opened(png))


def test_sheets_are_drawn_again_from_their_files():
    model = AEGAN(
        get_preset("aegan").with_options(width=4), {"step": 7, "commit": "abc", "data_title": "Mützen"}
    ).eval()
    sheet = sample_sheet(model, 9, seed=5)
    record = read_provenance(sheet)
    assert record["seed"] == 5 and record["step"] == 7 and record["commit"] == "abc" and record["data"] == "Mützen"
    assert "9 samples" in record["description"]
    assert sample_sheet(model, 9, seed=record["seed"]) == sheet
    images = np.random.default_rng(0).integers(0, 256, (3, 28, 28, 1), dtype=np.uint8)
    sheet, reconstructions = reconstruction_sheet(model, images)
    code = torch.tensor(read_provenance(sheet)["code"])
    with torch.no_grad():
        assert np.array_equal(to_uint8(model.decode(code)), reconstructions)


def test_previews_of_a_run_say_what_they_are(tmp_path):
    picture = np.zeros((2, 16, 16, 1), np.uint8)
    append_event(tmp_path, Preview(12, 96, 1.0, picture, picture, picture))
    for path in (tmp_path / "previews").iterdir():
        record = read_provenance(path.read_bytes())
        assert (record is None) == (path.name == "originals.png"), "real images are not generated"
        assert record is None or record["step"] == 12


def test_the_packet_is_xml_with_the_words_of_the_standard():
    record = make_record("a <strange> & “quoted” thing", 3, data='x < "y" & z', commit="abc")
    root = ET.fromstring(to_xmp(record).partition(b"?>")[2].partition(b"<?xpacket")[0])
    (about,) = root.iter("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Description")
    source = about.attrib["{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType"]
    assert source == "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
    (words,) = root.iter("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}li")
    assert words.text == record["description"]
    (note,) = root.iter("{urn:aegan:record:1}record")
    assert json.loads(note.text) == record


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_single_pictures_carry_the_packet(kind):
    record = make_record("a sample", 3, noise=torch.tensor([[0.1, -2.5]]))
    assert record["noise"] == [[pytest.approx(0.1), -2.5]]
    image, buffer = Image.new("L", (4, 4)), io.BytesIO()
    if kind == "PNG":
        buffer.write(encode_png(np.zeros((4, 4, 1), np.uint8), png_notes(record)))
    else:
        image.save(buffer, kind, xmp=to_xmp(record), lossless=True)
    assert read_provenance(buffer.getvalue()) == record
    assert Image.open(buffer).info["xmp"] == to_xmp(record), "where any other program finds it"
    if kind == "PNG":
        assert Image.open(buffer).text["Description"] == record["description"]


def test_pictures_of_others_have_no_record():
    assert read_provenance(b"") is None
    assert read_provenance(encode_png(np.zeros((4, 4, 1), np.uint8))) is None
    assert read_provenance(b"<aegan:record>") is None
    assert read_provenance(noted("a" * (provenance.MAX_NOTE + 1))) is None


@pytest.mark.parametrize(
    "note",
    [
        "{}", "[]", "nothing", '{"generated": 1}', '{"generated": false}', '{"generated": true, "evil": 1}',
        '{"generated": true, "step": "3"}', '{"generated": true, "step": true}', '{"generated": true, "noise": [1]}',
        '{"generated": true, "noise": []}', '{"generated": true, "noise": [[]]}',
        '{"generated": true, "noise": [[NaN]]}',
        '{"generated": true, "noise": [[1, 2], [3]]}', '{"generated": true, "noise": [[1e400]]}',
        '{"generated": true, "noise": [["1"]]}', '{"generated": true, "noise": [[true]]}',
        '{"generated": true, "noise": [[1' + "0" * 400 + "]]}", '{"generated": true, "step": ' + "9" * 5000 + "}",
        '{"generated": true, "noise": [[0' + ",0" * 10_000 + "]]}",
        '{"generated": true, "model": "' + "a" * 2000 + '"}', "[" * 100_000, b"\xff\xfe",
    ],
    ids=range(22),
)  # fmt: skip
def test_a_damaged_record_is_refused_in_one_sentence(note):
    with pytest.raises(UserError, match="The note in this picture is damaged"):
        read_provenance(noted(note))


def test_large_files_are_refused(monkeypatch):
    monkeypatch.setattr(provenance, "MAX_BYTES", 10)
    with pytest.raises(UserError, match="larger than"):
        read_provenance(b"x" * 11)


def test_too_many_numbers_are_left_out():
    record = make_record("reconstructions", 3, code=torch.zeros(101, 100))
    assert "code" not in record and record["generated"]
