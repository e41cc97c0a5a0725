"""A checkpoint on the Hugging Face Hub, under its owner's name. The token is passed on and kept nowhere."""

from __future__ import annotations

import logging
import re
from pathlib import Path

from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError

from aegan.config import UserError
from aegan.package import list_public

log = logging.getLogger(__name__)

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9])?")
_TOKEN = re.compile(r"[A-Za-z0-9._-]{8,4000}")

NAME_HELP = "Use letters, digits, -, _ and . in the name, as in my-first-aegan or owner/my-first-aegan."
NO_TOKEN = "Give an access token of yours with the right to write; huggingface.co/settings/tokens makes one."
WRONG_TOKEN = "The Hub does not know this token: copy it anew, whole."
NO_RIGHT = "This token may not write there: make one with the right to write, or choose a name of your own account."
TAKEN = "There is a repository {name} already: choose another name, so that nothing is overwritten."
NO_NETWORK = "The Hub could not be reached from here: try again later, or download the model and upload it yourself."
REFUSED = "The Hub refused ({status}): try again later, or download the model and upload it yourself."
HALFWAY = "{reason} The repository {name} was made and may be incomplete: delete it on the Hub before you try again."


def check_name(name: object) -> str:
    """A repository's name, with or without its owner.

    Raises:
        UserError: for anything that the Hub would not take.
    """
    text = name.strip() if isinstance(name, str) else ""
    parts = text.split("/")
    sound = 1 <= len(parts) <= 2 and all(_NAME.fullmatch(part) for part in parts) and len(text) <= 96
    if not sound or any(bad in text for bad in ("..", "--")) or text.endswith(".git"):
        raise UserError(NAME_HELP)
    return text


def check_token(token: object) -> str:
    """Raises UserError for what cannot be an access token."""
    text = token.strip() if isinstance(token, str) else ""
    if not _TOKEN.fullmatch(text):
        raise UserError(NO_TOKEN)
    return text


def push(folder: Path, name: str, token: str, private: bool = True, api: HfApi | None = None) -> str:
    """Uploads a checkpoint's package as a new repository, in one commit.

    Args:
        folder: of the checkpoint.
        name: of the repository, with or without its owner; without one it becomes the token's owner's.
        token: with the right to write. It is sent to the Hub and neither kept nor written down.
        private: whether its owner alone sees it.
        api: instead of the Hub itself.

    Returns:
        The address of the repository.

    Raises:
        UserError: says in words what the Hub had against it; nothing of what it said itself is repeated.
    """
    name, token = check_name(name), check_token(token)
    api = api or HfApi(library_name="aegan")
    made = False
    try:
        owner = api.whoami(token=token)["name"]
        name = name if "/" in name else f"{owner}/{name}"
        url = api.create_repo(name, token=token, private=private, repo_type="model", exist_ok=False)
        made = True
        api.upload_folder(
            folder_path=folder, repo_id=name, repo_type="model", token=token,
            allow_patterns=list_public(folder), commit_message="Upload an AE-GAN with its model card",
        )  # fmt: skip
    except HfHubHTTPError as error:
        reason = _explain(error, name, not made)
    except UserError:
        raise
    except Exception as error:  # its clients raise many kinds, all of which mean the same here
        log.warning("A model could not be pushed: %s", type(error).__name__)
        reason = NO_NETWORK
    else:
        return str(url)
    raise UserError(HALFWAY.format(reason=reason, name=name) if made else reason)


def _explain(error: HfHubHTTPError, name: str, is_new: bool) -> str:
    status = error.response.status_code if error.response is not None else 0
    log.warning("A model could not be pushed: the Hub answered %d", status)
    if status == 401:
        return WRONG_TOKEN
    if status == 403:
        return NO_RIGHT
    if status == 409 and is_new:
        return TAKEN.format(name=name)
    return REFUSED.format(status=status) if status else NO_NETWORK
