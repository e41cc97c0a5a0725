"""Data sets that have a name: what they are, whose they are, and where they lie on this machine. Opens none."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from aegan import avatars

ASSETS = Path(__file__).resolve().parent.parent / "assets" / "data"


@dataclass(frozen=True)
class DataInfo:
    """What can be said of a data set without loading it."""

    name: str
    title: str
    kind: str  # "images" or "points"
    available: bool  # whether it loads without the network
    where: str  # "bundled", "system", "cache" or "download"
    license: str
    credit: str


@dataclass(frozen=True)
class Known:
    title: str
    license: str
    credit: str
    folder: str = ""  # what torchvision calls the set, and its folder for idx files
    local: str = ""  # the file or folder that shows that torchvision's copy is there
    classes: tuple[str, ...] = ()


_DIGITS = tuple("0123456789")
_GARMENTS = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
_KUZUSHIJI = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")

IMAGES: dict[str, Known] = {
    "fashion-mnist": Known(
        "Fashion-MNIST", "MIT", "Fashion-MNIST (Xiao, Rasul and Vollgraf 2017), Zalando SE", "FashionMNIST",
        "FashionMNIST/raw", _GARMENTS,
    ),
    "mnist": Known(
        "MNIST", "CC BY-SA 3.0", "MNIST, Yann LeCun, Corinna Cortes and Christopher J.C. Burges", "MNIST",
        "MNIST/raw", _DIGITS,
    ),
    "avatars": Known("Cartoon avatars", avatars.LICENSE, avatars.CREDIT, local="avatars/avatars.json"),
    "kmnist": Known(
        "Kuzushiji-MNIST", "CC BY-SA 4.0", "KMNIST (Clanuwat et al. 2018), made by ROIS-DS Center for Open Data in the"
        " Humanities, adapted from the Kuzushiji Dataset by NIJL and others", "KMNIST", "KMNIST/raw", _KUZUSHIJI,
    ),
    "cifar10": Known(
        "CIFAR-10", "no licence stated", "CIFAR-10, Alex Krizhevsky 2009", "CIFAR10", "cifar-10-batches-py",
    ),
    "cifar100": Known(
        "CIFAR-100", "no licence stated", "CIFAR-100, Alex Krizhevsky 2009", "CIFAR100", "cifar-100-python",
    ),
    "svhn": Known(
        "Street View House Numbers", "non-commercial use only", "SVHN (Netzer et al. 2011), Stanford and Google",
        "SVHN", "test_32x32.mat", _DIGITS,
    ),
}  # fmt: skip

POINTS = {"ring": "Ring of 8 Gaussians", "grid": "Grid of 25 Gaussians", "moons": "Two moons", "spiral": "Spiral"}
_IDX = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
_SYSTEM = {"fashion-mnist": Path("/usr/share/datasets/fashion-mnist")}  # Debian's dataset-fashion-mnist


def data_root(root: str | None = None) -> Path:
    """Where data sets are kept: `root`, else $AEGAN_DATA, else aegan/ in the user's cache folder."""
    chosen = root or os.environ.get("AEGAN_DATA")
    if chosen:
        return Path(chosen).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "aegan"


def list_data(root: str | None = None) -> list[DataInfo]:
    """Every data set that has a name, and where it would be loaded from. Looks for files, opens none."""
    infos = []
    for name, known in IMAGES.items():
        _, where = find(name, data_root(root), full=True)
        infos.append(DataInfo(name, known.title, "images", where != "download", where, known.license, known.credit))
    for name, title in POINTS.items():
        infos.append(DataInfo(name, title, "points", True, "bundled", "CC0", "drawn from a formula"))
    return infos


def find(name: str, root: Path, full: bool) -> tuple[Path, str]:
    """Where the set `name` is loaded from, and the word for it; "download" if it is nowhere here."""
    known = IMAGES[name]
    bundled = (ASSETS, "bundled") if (ASSETS / f"{name}.json").is_file() else None
    if bundled and not full:
        return bundled
    for folder, where in ((root / known.local, "cache"), (_SYSTEM.get(name), "system")):
        if folder and folder.exists() and (not known.local.endswith("/raw") or idx_files(folder)):
            return folder, where
    return bundled or (root, "download")


def idx_files(folder: Path) -> list[Path]:
    found = [next((p for p in (folder / n, folder / f"{n}.gz") if p.is_file()), None) for n in _IDX]
    return [p for p in found if p] if all(found) else []
