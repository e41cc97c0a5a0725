"""ε → z → picture as an ONNX graph, for the page to run in the visitor's browser (onnxruntime-web).

The graph holds no weights of its own: it points into model.safetensors beside it, which it so cannot contradict, and
which the browser loads with it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import struct
import tempfile
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from aegan.config import UserError
from aegan.history import fingerprint, write_atomic
from aegan.images import to_uint8
from aegan.model import AEGAN, WEIGHTS

DECODER, FACTS, FORMAT_VERSION = "decoder.onnx", "decoder.json", 1
MAX_GRAPH_BYTES, MAX_FACTS_BYTES = 2_000_000, 10_000

CHECKED = 64  # pictures that are compared with torch's


class _Decoder(nn.Module):
    """What the page needs of a model at once: pictures, and D's logits where there is a D (else zeros)."""

    def __init__(self, model: AEGAN) -> None:
        super().__init__()
        self.model = model

    def forward(self, noise: Tensor) -> tuple[Tensor, Tensor]:
        x = self.model.sample(0, noise=noise)
        d = self.model.discriminator
        return x, torch.zeros_like(noise[:, 0]) if d is None else d(x)


def export_decoder(folder: Path) -> dict[str, Any]:
    """Writes decoder.onnx and decoder.json into a checkpoint's folder, after a comparison with torch.

    The graph takes `noise` [N, z_dim] and gives `x` [N, C, H, W] in [-1, 1] and `logit` [N].

    Returns:
        What decoder.json says: fingerprints of weights and graph, versions, and by how much pictures differ from
        torch's, in grey levels.

    Raises:
        UserError: if the packages for it are missing, the model cannot be exported, or its pictures differ.
    """
    try:
        import onnx
        import onnxruntime
        import onnxscript  # noqa: F401 (torch's exporter needs it)
    except ImportError as error:
        raise UserError("Exporting needs three packages more: pip install onnx onnxscript onnxruntime") from error
    model = AEGAN.from_pretrained(folder)
    if model.config.model.prior == "mixture" and model.config.objective.is_tied:
        raise UserError("A mixture as prior is inverted by bisection, which is not exported: use a flow, or none.")
    rng = torch.Generator().manual_seed(0)
    noise = torch.randn(CHECKED, model.config.model.z_dim, generator=rng)
    with tempfile.TemporaryDirectory() as there, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        dim = torch.export.Dim("n", min=1, max=4096)
        program = torch.onnx.export(
            _Decoder(model).eval(), (noise[:2],), dynamo=True, optimize=False, verbose=False,
            input_names=["noise"], output_names=["x", "logit"], dynamic_shapes=({0: dim},),
        )  # fmt: skip
        assert program is not None
        program.save(os.path.join(there, DECODER), external_data=False)
        graph = onnx.load(os.path.join(there, DECODER))
    _point_to_weights(graph, folder / WEIGHTS)
    for part in (
        *graph.graph.node,
        *graph.graph.initializer,
        *graph.graph.input,
        *graph.graph.output,
        graph.graph,
        graph,
    ):
        del part.metadata_props[:]  # the exporter's notes, which name files of this machine
        part.doc_string = ""
    del graph.graph.value_info[:]
    graph.producer_name = "aegan"
    content = graph.SerializeToString(deterministic=True)
    largest = _compare(model, noise, content, folder, onnxruntime)
    facts = {
        "format_version": FORMAT_VERSION, "weights_sha256": fingerprint(folder / WEIGHTS),
        "graph_sha256": hashlib.sha256(content).hexdigest(), "opset": graph.opset_import[0].version,
        "torch": torch.__version__.partition("+")[0], "onnx": onnx.__version__,
        "onnxruntime": onnxruntime.__version__, "compared": CHECKED, "largest_difference": largest,
    }  # fmt: skip
    write_atomic(folder / DECODER, content)
    write_atomic(folder / FACTS, (json.dumps(facts, indent=2) + "\n").encode())
    return facts


def find_decoder(folder: Path) -> str | None:
    """A version of the decoder that can be offered with a checkpoint, twelve hexadecimal digits; None where there is
    none, or where it was exported from other weights."""
    try:
        if (folder / FACTS).stat().st_size > MAX_FACTS_BYTES or (folder / DECODER).stat().st_size > MAX_GRAPH_BYTES:
            return None
        facts = json.loads((folder / FACTS).read_text("utf-8"))
        if not isinstance(facts, dict) or facts.get("format_version") != FORMAT_VERSION:
            return None
        found = fingerprint(folder / WEIGHTS), fingerprint(folder / DECODER)
    except (OSError, ValueError):
        return None
    known = facts.get("weights_sha256"), facts.get("graph_sha256")
    return hashlib.sha256("".join(found).encode()).hexdigest()[:12] if found == known else None


def _point_to_weights(graph: Any, weights: Path) -> None:
    """Replaces the tensors of an ONNX model by places in a safetensors file (its layout: eight bytes that say how
    long the JSON header is, the header, the tensors one after the other).

    Raises:
        UserError: if a tensor of size is not found there as it is.
    """
    content = weights.read_bytes()
    length = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8 : 8 + length])
    for tensor in graph.graph.initializer:
        name = tensor.name.removeprefix("model.")
        entry = header.get(name)
        if entry is None:
            if len(tensor.raw_data) > 4096:
                raise UserError(f"The exported graph holds {tensor.name!r}, which is no tensor of {weights.name}.")
            continue
        start, end = (8 + length + at for at in entry["data_offsets"])
        if entry["shape"] != list(tensor.dims) or content[start:end] != tensor.raw_data:
            raise UserError(f"The exporter changed the tensor {name!r}: its graph cannot share {weights.name}.")
        tensor.ClearField("raw_data")
        tensor.data_location = 1  # EXTERNAL
        for key, value in (("location", weights.name), ("offset", start), ("length", end - start)):
            place = tensor.external_data.add()
            place.key, place.value = key, str(value)


@torch.no_grad()
def _compare(model: AEGAN, noise: Tensor, content: bytes, folder: Path, onnxruntime: Any) -> int:
    """The largest difference between pictures of the graph and of torch, in grey levels (of points: in thousandths).

    Raises:
        UserError: if it is more than one.
    """
    trial = folder / f".{DECODER}.{os.getpid()}.part"  # beside the weights, where it looks for them
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    try:
        write_atomic(trial, content)
        session = onnxruntime.InferenceSession(trial, options, ["CPUExecutionProvider"])
        x, logit = session.run(["x", "logit"], {"noise": noise.numpy()})
    finally:
        trial.unlink(missing_ok=True)
    ours = model.sample(0, noise=noise)
    theirs = torch.from_numpy(x)
    if model.config.model.is_points:
        largest = round(float((ours - theirs).abs().max()) * 1000)
    else:
        largest = int(abs(to_uint8(ours).astype(int) - to_uint8(theirs).astype(int)).max())
    realness = model.realness(ours)
    gap = 0.0 if realness is None else float((realness - torch.from_numpy(logit).sigmoid()).abs().max())
    if largest > 1 or gap > 0.01:
        raise UserError(f"The exported graph draws other pictures: they differ by {largest} of 255, D by {gap:.3f}.")
    return largest
