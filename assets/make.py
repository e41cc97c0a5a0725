"""Makes the bundled data sets and the sample uploads: `AEGAN_DATA=FOLDER python -m assets.make`.

FOLDER has MNIST in torchvision's layout; Fashion-MNIST lies there too or comes from Debian's dataset-fashion-mnist.
The avatars need the packages named in aegan/avatars.py.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from aegan import avatars
from aegan.config import UserError
from aegan.data import ASSETS, load_data
from aegan.files import write_sheet
from assets.draw import SIDE, draw_five, draw_sneaker, draw_tshirt

SAMPLES = ASSETS.parent / "samples"


def main() -> None:
    for name, train, test in (("fashion-mnist", 12_000, 2_000), ("mnist", 6_000, 1_000)):
        bundle(name, train, test)
    images, facts = avatars.render(5_000, 500)
    write_sheet(ASSETS, "avatars", images, facts)
    make_samples()


def make_samples() -> None:
    """Uploads to try: garments of the test split, two photo-like drawings on white, a digit, a face."""
    SAMPLES.mkdir(exist_ok=True)
    fashion = load_data("fashion-mnist")
    assert fashion.test_labels is not None
    for name, label, nth in (("dress", 3, 12), ("pullover", 2, 5), ("bag", 8, 3), ("ankle-boot", 9, 16)):
        pixels = fashion.test[np.flatnonzero(fashion.test_labels == label)[nth]]
        save(Image.fromarray(pixels[..., 0]).resize((SIDE, SIDE), Image.Resampling.LANCZOS), f"fashion-{name}.png")
    save(draw_tshirt(), "photo-tshirt.jpg")
    save(draw_sneaker(), "photo-sneaker.jpg")
    save(draw_five(), "digit-five.png")
    save(Image.fromarray(avatars.render(0, 23, SIDE)[0][22]), "face.png")


def bundle(name: str, train: int, test: int) -> None:
    """Keeps a random part of a data set, with equally many images of each class."""
    data, rng = load_data(name), np.random.default_rng(0)
    if len(data.train) < 60_000:
        raise UserError(f"Bundling {name} needs the full set: put torchvision's copy in $AEGAN_DATA.")
    parts = []
    assert data.train_labels is not None and data.test_labels is not None
    for images, labels, count in ((data.train, data.train_labels, train), (data.test, data.test_labels, test)):
        each = count // len(data.classes)
        chosen = [rng.permutation(np.flatnonzero(labels == k))[:each] for k in range(len(data.classes))]
        order = rng.permutation(np.concatenate(chosen))
        parts.append((images[order], labels[order]))
    images, labels = (np.concatenate(both) for both in zip(*parts, strict=True))
    write_sheet(ASSETS, name, images, {"test": test, "labels": labels.tolist(), "classes": list(data.classes)})


def save(image: Image.Image, name: str) -> None:
    image.save(SAMPLES / name, **({"quality": 88} if name.endswith(".jpg") else {"optimize": True}))


if __name__ == "__main__":
    main()
