"""Install, list, rotate and remove the fleet's webhook in GitLab: ``make hooks``."""

from __future__ import annotations

import argparse
import os
import sys
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tools.hooks.gitlab import GitLab
from tools.hooks.model import HooksError
from tools.hooks.parameters import parameters
from tools.hooks.run import Tool

if TYPE_CHECKING:
    from collections.abc import Sequence

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the tool; return 0, or 2 with one sentence on what is wrong."""
    options = _parser().parse_args(arguments)
    try:
        _run(options)
    except HooksError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _run(options: argparse.Namespace) -> None:
    token = os.environ.get("GITLAB_TOKEN", "")
    if not token:
        raise HooksError("GITLAB_TOKEN is not set: an access token with the scope api, of a maintainer")
    for name, url in (("GITLAB_URL", options.gitlab_url), ("URL", options.url)):
        _check_url(name, url)
    _check_file("CA_CERTIFICATE", options.ca_certificate)
    api = GitLab(options.gitlab_url, token, options.ca_certificate)
    tool = Tool(api, api, options.url, print, time.sleep, apply=options.apply)
    scope = _names(options.projects), _names(options.groups)
    _act(tool, options, scope)
    if options.action != "list" and not options.apply:
        print("nothing was changed: APPLY=1 carries it out")


def _act(tool: Tool, options: argparse.Namespace, scope: tuple[list[str], list[str]]) -> None:
    if options.action == "list":
        tool.show(*scope)
    elif options.action == "remove":
        tool.remove(*scope)
    else:
        given = parameters(options.secret_parameter, options.signing_token_parameter)
        act = tool.install if options.action == "install" else tool.rotate
        act(*scope, given)


def _check_url(name: str, url: str) -> None:
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if not parts.hostname or (parts.scheme != "https" and parts.hostname not in LOOPBACK):
        raise HooksError(f"{name} must be an https address (http only to loopback), not {url!r}")


def _check_file(name: str, path: str) -> None:
    if path and not os.access(path, os.R_OK):
        raise HooksError(f"{name} names {path}, which cannot be read")


def _names(text: str) -> list[str]:
    return [name for raw in text.split(",") if (name := raw.strip())]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("make hooks", description=__doc__)
    parser.add_argument("action", choices=("list", "install", "rotate", "remove"))
    parser.add_argument("--url", default="", help="the fleet's address, output lambda_function_url")
    parser.add_argument("--gitlab-url", default="https://gitlab.com")
    parser.add_argument("--projects", default="", help="ids or paths, with commas")
    parser.add_argument("--groups", default="", help="ids or paths, with commas; none at all = every project managed")
    parser.add_argument("--secret-parameter", default="", help="SSM parameter of the secret token")
    parser.add_argument("--signing-token-parameter", default="", help="SSM parameter of the signing token")
    parser.add_argument("--ca-certificate", default="", help="file with the certificates GitLab's is to be checked by")
    parser.add_argument("--apply", action="store_true", help="carry it out; without it, everything is only shown")
    return parser


if __name__ == "__main__":
    sys.exit(main())
