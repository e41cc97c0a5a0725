"""Opens the page: python app.py [--checkpoint FOLDER …] [--study FOLDER …] [--host …] [--port 7860] [--device auto]."""

import os
import sys

from aegan.cli import Parser
from aegan.config import UserError


def main() -> int:
    """Parses the arguments, builds the page, serves it until interrupted."""
    on_spaces = "SPACE_ID" in os.environ
    parser = Parser(description="Opens the AE-GAN page.")
    parser.add_argument("--host", default="0.0.0.0" if on_spaces else "127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=None, help="port; the first free one from 7860 if not given")
    parser.add_argument("--checkpoint", action="append", default=[], metavar="FOLDER", help="a model to show first")
    parser.add_argument("--study", action="append", default=[], metavar="FOLDER", help="a study to show first")
    parser.add_argument("--device", default="auto", help="where training runs: auto, cpu, cuda, mps")
    parser.add_argument("--open", action="store_true", help="open the page in a browser")
    args = parser.parse_args()
    from aegan.ui import build_app  # here, because the process of every training run loads this file again

    try:
        page, options = build_app(args.checkpoint, args.device, args.study)
        page.launch(server_name=args.host, server_port=args.port, inbrowser=args.open, **options)
    except UserError as error:
        print(f"app.py: {error}", file=sys.stderr)
        return 2
    except OSError:  # Gradio's way of saying that a port or an address cannot be had
        print(
            f"app.py: Nothing can be served at {args.host}:{args.port or 7860}: choose another --port or --host.",
            file=sys.stderr,
        )
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
