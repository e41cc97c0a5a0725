"""The page's endpoints, called by a program."""

import base64
import io
import json
import urllib.request
from collections.abc import Callable

import numpy as np
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from PIL import Image

from aegan.provenance import read_provenance
from tests.ui.steps import a_picture


@pytest.fixture(scope="module")
def client(address: str) -> Client:
    return Client(address, verbose=False)


def file_of(uri: str) -> bytes:
    return base64.b64decode(uri.partition(",")[2])


def opened(uri: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(file_of(uri))))


def test_only_these_endpoints_are_public(client):
    endpoints = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert set(endpoints) == {"/sample", "/decode", "/nearest", "/reconstruct", "/refine"}
    assert all(endpoint["description"] for endpoint in endpoints.values())


def test_samples_decode_to_themselves(client):
    answer = client.predict(model="tiny", count=3, seed=5, api_name="/sample")
    assert len(answer["images"]) == 3
    assert answer == client.predict(model="tiny", count=3, seed=5, api_name="/sample")
    decoded = client.predict(noise=answer["noise"][1], model="tiny", api_name="/decode")
    difference = opened(decoded["image"]).astype(int) - opened(answer["images"][1])
    assert np.abs(difference).max() <= 1  # the noise was rounded on its way
    for uri in (decoded["image"], answer["images"][1]):
        record = read_provenance(file_of(uri))
        assert record["generated"] and record["model"] == "tiny"
        assert record["noise"][0] == pytest.approx(answer["noise"][1], abs=1e-6)
    assert 0 <= decoded["unusual"] <= 100
    assert 0 <= decoded["realness"] <= 1


def test_a_picture_is_reconstructed(client):
    text = base64.b64encode(a_picture()).decode()
    answer = client.predict(image=text, model="tiny", invert="off", api_name="/reconstruct")
    assert opened(answer["input"]).shape == opened(answer["reconstruction"]).shape == (28, 28)
    assert len(answer["code"]) == 8
    assert read_provenance(file_of(answer["reconstruction"])) == answer["note"]
    assert read_provenance(file_of(answer["difference"])) == answer["note"]
    assert read_provenance(file_of(answer["input"])) is None, "that is the visitor's own"


def test_a_picture_is_refined(client):
    text = base64.b64encode(a_picture()).decode()
    plain = client.predict(image=text, model="tiny", api_name="/reconstruct")
    answer = client.predict(image=text, model="tiny", steps=30, api_name="/refine")
    assert answer["psnr_before"] == plain["psnr"] < answer["psnr"]
    assert opened(answer["input"]).tolist() == opened(plain["input"]).tolist()
    assert len(answer["code"]) == 8 and answer["code"] != plain["code"]
    assert read_provenance(file_of(answer["refined"])) == answer["note"]
    decoded = client.predict(noise=answer["code"], model="tiny", api_name="/decode")
    assert np.abs(opened(decoded["image"]).astype(int) - opened(answer["refined"])).max() <= 2  # the code was rounded


@pytest.mark.parametrize(
    ("endpoint", "arguments", "sentence"),
    [
        ("/decode", {"noise": [0.0, 1.0]}, "noise must be a list of 8 numbers."),
        ("/decode", {"noise": "12345678"}, "noise must be a list of 8 numbers."),
        ("/decode", {"noise": [0.0] * 7 + [99.0]}, "noise must be finite numbers from -10 to 10."),
        ("/decode", {"noise": [0.0] * 7 + [None]}, "noise must be finite numbers from -10 to 10."),
        ("/sample", {"count": 1000}, "count must be a whole number from 1 to 64."),
        ("/sample", {"seed": -1}, "The seed must be a whole number from 0 to 2147483647."),
        ("/sample", {"model": "../../etc"}, "There is no such model here: choose one of"),
        ("/reconstruct", {"image": "%%%"}, "The picture is not valid base64: encode the file's bytes."),
        ("/reconstruct", {"image": "aGVsbG8="}, "This file is damaged or not a picture"),
        ("/reconstruct", {"image": "aGVsbG8=", "invert": "perhaps"}, "damaged or not a picture"),
        ("/refine", {"image": "aGVsbG8="}, "damaged or not a picture"),
        ("/refine", {"image": base64.b64encode(a_picture()).decode(), "steps": 10**6}, "steps must be a whole number"),
    ],
)
def test_a_wrong_call_gets_one_sentence(client, endpoint, arguments, sentence):
    with pytest.raises(AppError, match=sentence.replace(".", r"\.")):
        client.predict(**arguments, api_name=endpoint)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e400"])
def test_numbers_that_are_not_finite_are_refused(address, value):
    body = '{"data": [[%s,0,0,0,0,0,0,0], "tiny"]}' % value  # noqa: UP031 (not JSON: a client would refuse to send it)
    events = call(address, "decode", body)
    assert "noise must be finite numbers" in events or "not valid" in events


def call(address: str, endpoint: str, body: str) -> str:
    """Posts a body as it is; returns the stream of events that answers it, or what was wrong with it."""
    request = urllib.request.Request(
        f"{address}gradio_api/call/{endpoint}", body.encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            event = json.load(answer)["event_id"]
    except urllib.error.HTTPError as error:
        return f"not valid: {error.code}"
    with urllib.request.urlopen(f"{address}gradio_api/call/{endpoint}/{event}", timeout=30) as answer:
        return answer.read().decode()


def refused(action: Callable[[], object]) -> int:
    with pytest.raises(urllib.error.HTTPError) as caught:
        action()
    return caught.value.code


def test_nothing_is_uploaded_to_disk_and_bodies_are_bounded(address):
    boundary = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\nabc\r\n--x--\r\n'
    upload = urllib.request.Request(
        f"{address}gradio_api/upload", boundary, {"Content-Type": "multipart/form-data; boundary=x"}
    )
    assert refused(lambda: urllib.request.urlopen(upload, timeout=30)) == 404
    large = urllib.request.Request(
        f"{address}gradio_api/call/sample", b"x", {"Content-Type": "application/json", "Content-Length": str(10**9)}
    )
    assert refused(lambda: urllib.request.urlopen(large, timeout=30)) == 413
