"""What a made picture says of itself, inside its own file: that it is made, by which model, from which numbers.

The note is an XMP packet (ISO 16684-1), which PNG keeps in a text chunk, WebP and GIF in blocks of their own. It holds
IPTC's word for pictures like these, "trained algorithmic media", which photo programs and search engines read, and a
record in JSON, from which the picture can be drawn again.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any
from xml.sax.saxutils import escape, unescape

from torch import Tensor

import aegan
from aegan.config import UserError
from aegan.model import AEGAN

SOFTWARE = f"AE-GAN {aegan.__version__}"
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"

#: What strangers' files may hold: a picture of any size, but a note no longer than ours.
MAX_BYTES, MAX_NOTE, MAX_NUMBERS, MAX_WORDS = 20 * 2**20, 200_000, 10_000, 1000

#: Where PNG keeps XMP, and how the record is found: a packet is made to be searched for in the file's bytes.
_PNG_KEY = "XML:com.adobe.xmp"
_RECORD = re.compile(rb"<aegan:record>([^<]{2,%d})</aegan:record>" % MAX_NOTE)

#: Every field of a record, and what it must be.
_FIELDS: dict[str, type] = {
    "generated": bool, "description": str, "software": str, "model": str, "data": str, "commit": str,
    "step": int, "seed": int, "noise": list, "code": list,
}  # fmt: skip


def make_record(
    what: str,
    step: int,
    data: str = "",
    model: str = "",
    commit: str = "",
    seed: int | None = None,
    noise: Tensor | None = None,
    code: Tensor | None = None,
) -> dict[str, Any]:
    """The record of a made picture, as plain JSON.

    Args:
        what: the picture in words, such as "64 samples".
        step: of the model's training.
        data: what it was trained on.
        model: its name, if it has one.
        commit: of the program that trained it.
        seed: of the generator that drew the noise of samples, where that is how they were drawn.
        noise: [N, z_dim] from which the picture was generated, or …
        code: … [N, code_dim] from which it was decoded. Left out where they are too many numbers.

    Returns:
        `generated` (always true), `description` in words, `software`, and the arguments that were given; numbers have
        the nine digits that single precision has.
    """
    # AE-GAN is the program: the model may be a plain GAN.
    maker = (f'the model "{model}"' if model else "a model") + (f" of {data}" if data else "") + f" from {SOFTWARE}"
    maker += f", step {step}" + (f", commit {commit}" if commit else "")
    words = f"AI-generated: {what} by {maker}. No photograph: what it shows may not exist."
    record: dict[str, Any] = {"generated": True, "description": words, "software": SOFTWARE, "model": model}
    record |= {"data": data, "commit": commit, "step": step, "seed": seed}
    for key, rows in (("noise", noise), ("code", code)):
        if rows is not None and rows.numel() <= MAX_NUMBERS:
            record[key] = [[float(f"{value:.9g}") for value in row] for row in rows.tolist()]
    return {key: value for key, value in record.items() if value not in (None, "")}


def describe_picture(model: AEGAN, what: str, name: str = "", **latent: Any) -> dict[str, Any]:
    """`make_record` of a picture by a model that is here; `latent`: seed, noise or code."""
    info = {"data": model.config.data, "step": 0, "commit": "unknown", **model.info}
    data = str(info.get("data_title") or info["data"])
    return make_record(what, info["step"], data, name, str(info["commit"]), **latent)


def to_xmp(record: dict[str, Any]) -> bytes:
    """The packet: for WebP, `Image.save(…, xmp=to_xmp(record))`."""
    note = escape(json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":")))
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
        ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" xmlns:aegan="urn:aegan:record:1"'
        f' xmp:CreatorTool="{SOFTWARE}" Iptc4xmpExt:DigitalSourceType="{SOURCE_TYPE}">'
        f'<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{escape(record["description"])}</rdf:li></rdf:Alt>'
        f"</dc:description><aegan:record>{note}</aegan:record></rdf:Description></rdf:RDF></x:xmpmeta>"
        '<?xpacket end="r"?>'
    ).encode()


def png_notes(record: dict[str, Any]) -> dict[str, str]:
    """What `images.encode_png` writes into the file: the packet, and the same in PNG's own words."""
    return {"Description": record["description"], "Software": SOFTWARE, _PNG_KEY: to_xmp(record).decode()}


def note_gif(content: bytes, record: dict[str, Any]) -> bytes:
    """A GIF with the packet as its last block, the way XMP says (ISO 16684-3): in one piece, which programs that do not
    know it skip in jumps as long as the byte they land on, until one leads down the staircase at its end."""
    staircase = b"\x01" + bytes(range(255, -1, -1)) + b"\x00"
    return content[:-1] + b"\x21\xff\x0bXMP DataXMP" + to_xmp(record) + staircase + content[-1:]


def read_provenance(content: bytes) -> dict[str, Any] | None:
    """The record in a picture file, PNG, WebP or GIF; None where there is none of ours.

    Nothing is decoded. Whoever made the file may have written anything into it, and anyone can take it out.

    Raises:
        UserError: if the file is too large, or its record is damaged.
    """
    if len(content) > MAX_BYTES:
        raise UserError(f"The file is larger than {MAX_BYTES // 2**20} MB: give the picture as it was saved.")
    found = _RECORD.search(content)
    if found is None:
        return None
    try:
        record = json.loads(unescape(found[1].decode()))
        if not isinstance(record, dict) or record.get("generated") is not True or set(record) - set(_FIELDS):
            raise ValueError
        for key, value in record.items():
            if type(value) is not _FIELDS[key] or (isinstance(value, str) and len(value) > MAX_WORDS):
                raise ValueError
            if isinstance(value, list):
                _check_rows(value)
    except (ValueError, RecursionError, OverflowError):
        raise UserError("The note in this picture is damaged: use the file as it was saved.") from None
    return record


def _check_rows(rows: list[Any]) -> None:
    """Raises ValueError unless these are rows of finite numbers, all of one length, and not too many."""
    if not rows or not all(isinstance(row, list) and len(row) == len(rows[0]) > 0 for row in rows):
        raise ValueError
    if len(rows) * len(rows[0]) > MAX_NUMBERS:
        raise ValueError
    if not all(type(value) in (int, float) and math.isfinite(value) for row in rows for value in row):
        raise ValueError
