"""The command line: `python -m aegan train | resume | study | evaluate | directions | sample | …`.

A mistake of the user ends in one line on stderr and exit code 2.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, NoReturn

from aegan.config import OBJECTIVES, PRESETS, ModelConfig, Objective, TrainConfig, UserError


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit code: 0, 1 for a diverged run, 2 for a mistake, 130 when interrupted."""
    options = create_parser().parse_args(arguments)
    try:
        from aegan import cli_study, cli_train, cli_use, distributed  # only now: help should not wait for torch

        rooms = {"train": cli_train, "resume": cli_train, "study": cli_study}
        function = getattr(rooms.get(options.name, cli_use), f"on_{options.name}")
        try:
            return function(options)
        finally:
            distributed.stop()
    except UserError as error:
        print(f"aegan: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("aegan: interrupted", file=sys.stderr)
        return 130
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and "out of memory" not in str(error):
            raise
        print("aegan: There is not enough memory: lower batch_size, width or img_resolution.", file=sys.stderr)
        return 2


class Parser(argparse.ArgumentParser):
    """Answers a mistake with one line, without the usage above it."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"aegan: {message[0].upper()}{message[1:]}. See `{self.prog} --help`.\n")


def create_parser() -> argparse.ArgumentParser:
    parser = Parser(prog="python -m aegan", description="Train and use AE-GAN models.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, help: str, **more: Any) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=help, description=help, **more)
        sub.set_defaults(name=name)
        return sub

    sub = command("train", "Train a model and write its checkpoint.",
        epilog=describe_options(), formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    sub.add_argument("--preset", default="aegan", metavar="NAME", help=f"one of {', '.join(PRESETS)}")
    sub.add_argument("--data", metavar="NAME|PATH", help="data set, folder or zip of images; default: the preset's")
    sub.add_argument("--objective", metavar="NAME", help=f"one of {', '.join(OBJECTIVES)}; default: the preset's")
    length = sub.add_mutually_exclusive_group()
    length.add_argument("--steps", help="length of the run in steps")
    length.add_argument("--images", type=int, help="length of the run in images")
    length.add_argument("--seconds", help="length of the run in seconds")
    sub.add_argument("--out", metavar="DIR", help="folder of the run; default: a new one in runs/")
    sub.add_argument("--seed", help="fixes every random choice")
    sub.add_argument("--set", nargs="+", action="extend", default=[], metavar="KEY=VALUE", help="options, see below")
    add_device(sub)

    sub = command("resume", "Go on with a run that was stopped.")
    sub.add_argument("folder", metavar="DIR", help="folder of the run")
    sub.add_argument("--steps", type=int, metavar="N", help="so many steps more than it has now")
    add_device(sub)

    sub = command("study", "Compare all objectives: the same networks and data, equal images and equal time.")
    sub.add_argument("--data", required=True, metavar="NAME|PATH", help="data set, folder or zip of images")
    sub.add_argument("--budget", required=True, metavar="TIME", help="training time of each run: 5m, 90s, 2h")
    sub.add_argument("--seeds", default="3", metavar="N", help="runs of each row (default 3)")
    sub.add_argument("--out", required=True, metavar="DIR", help="folder; the same command on it goes on")
    sub.add_argument("--rows", nargs="+", metavar="NAME", help=f"default: all of {', '.join(OBJECTIVES)}")
    sub.add_argument("--ablation", action="store_true", help="change the ingredients of aegan one by one, too")
    sub.add_argument("--tune", metavar="TIME", help="of each row's four trials; 0: none (default: budget / 4)")
    sub.add_argument("--preset", metavar="NAME", help="networks and training of all rows; default: that of the data")
    sub.add_argument("--set", nargs="+", action="extend", default=[], metavar="KEY=VALUE", help="as for train")
    sub.add_argument("--threads", default="1", metavar="N", help="of the CPU; time is then processor time (default 1)")
    add_device(sub)

    sub = command("evaluate", "Measure a checkpoint on its test images.")
    add_checkpoint(sub)
    sub.add_argument("--json", action="store_true", help="print JSON")
    sub.add_argument("--save", action="store_true", help="write figures, model card and samples into the checkpoint")
    sub.add_argument("--data", metavar="PATH", help="default: the data set it was trained on")
    sub.add_argument("--seeds", type=int, default=3, metavar="N", help="draws that figures are means of (default 3)")
    sub.add_argument("--inception", action="store_true", help="FID as in published tables, too: slow, see README")

    sub = command("fit", "Fit a checkpoint's flow for longer, on the codes of its training images; all else stays.")
    sub.add_argument("checkpoint", metavar="CHECKPOINT", help="shipped model, or folder of a checkpoint or run")
    sub.add_argument("--steps", default="12000", metavar="N", help="of 512 codes each (default 12000)")
    sub.add_argument("--rate", default="2e-3", metavar="RATE", help="highest learning rate (default 2e-3)")
    add_device(sub)

    sub = command("directions", "Find what has a name in a checkpoint's space (slant, sleeves, beard), and measure it.")
    add_checkpoint(sub)
    sub.add_argument("--json", action="store_true", help="print JSON")
    sub.add_argument("--save", action="store_true", help="write directions.json into the checkpoint")

    sub = command("prepare", "Write what the page needs beside a checkpoint's weights: axes, directions, decoder, …")
    sub.add_argument("checkpoint", metavar="CHECKPOINT", help="shipped model, or folder of a checkpoint or run")

    sub = command("sample", "Draw new pictures into one PNG file.")
    add_checkpoint(sub)
    sub.add_argument("-n", type=int, default=64, help="how many (default 64)")
    sub.add_argument("--out", required=True, metavar="F.png")
    sub.add_argument("--seed", type=int, default=0)

    sub = command("reconstruct", "Put pictures beside their reconstructions in one PNG file.")
    add_checkpoint(sub)
    sub.add_argument("images", nargs="+", metavar="IMAGE")
    sub.add_argument("--out", required=True, metavar="F.png")

    sub = command("push", "Upload a checkpoint as a new repository of yours on the Hugging Face Hub.")
    sub.add_argument("checkpoint", metavar="CHECKPOINT", help="shipped model, or folder of a checkpoint or run")
    sub.add_argument("repository", metavar="[OWNER/]NAME")
    sub.add_argument("--public", action="store_true", help="for everyone to see (default: for you alone)")

    sub = command("fetch", "Get a whole data set: download it, or render the avatars; it is kept for later runs.")
    sub.add_argument("data", metavar="NAME", help="fashion-mnist, mnist, avatars, kmnist, cifar10, cifar100, svhn")

    sub = command("info", "Say what is here: device, versions, models, data sets.")
    sub.add_argument("--json", action="store_true", help="print JSON")
    return parser


def add_device(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, mps (default auto)")


def add_checkpoint(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "checkpoint", metavar="CHECKPOINT", help="shipped model, folder of a checkpoint or run, Hub name"
    )
    add_device(parser)


def describe_options() -> str:
    """What `--set` takes, made from the fields of the configuration."""
    lines = ["options for --set (defaults are the preset's; shown are those of the program):"]
    for part in (ModelConfig, Objective, TrainConfig):
        lines.append(f"\n  {part.__name__}")
        for f in fields(part):
            low, high, choices = (f.metadata[key] for key in ("low", "high", "choices"))
            bounds = (
                "|".join(map(str, choices)) if choices else f"{low:g} … {high:g}" if high is not None else "true|false"
            )
            lines.append(f"    {f.name}={f.default}  {f.metadata['help']} [{bounds}]")
    return "\n".join(lines)
