"""The command line of the package builder."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from tools.package import sources
from tools.package.builder import Request, build, build_locally
from tools.package.container import build_in_container
from tools.package.errors import PackageError
from tools.package.target import Target, parse_target

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

PROVISIONERS = {"local": build_locally, "container": build_in_container}


def main(arguments: Sequence[str]) -> int:
    """Build what the arguments ask for; returns the exit code.

    Returns:
        0 if everything asked for exists, 2 after an error, which is told on standard error.
    """
    try:
        options = _parse(arguments)
        for request in _requests(options):
            build(request, PROVISIONERS[options.provisioner], _say)
    except PackageError as error:
        _complain(str(error), error.details)
        return 2
    except OSError as error:
        _complain(f"A file could not be used ({error}); make room or give access, then build again.")
        return 2
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    return 0


def stop_on_signals() -> None:
    """Let the signals that end a process end this one as Ctrl-C does, so that every `finally` runs."""
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _stop)


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with the arguments in one sentence, as everything else here does."""

    def error(self, message: str) -> NoReturn:
        raise PackageError(f"{message}; see --help.")


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the arguments; every combination that is left is one that can be built."""
    parser = _Parser(prog="build.py", description="Build the zips of the Lambda functions.", allow_abbrev=False)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--package", help="build this package: a folder of lambda_src with a distributions.txt")
    what.add_argument("--all", action="store_true", help="build every package, each named after what is in it")
    parser.add_argument("--runtime", default="python3.13", help="Lambda runtime (python3.13)")
    parser.add_argument("--architecture", default="x86_64", help="x86_64 or arm64 (x86_64)")
    parser.add_argument("--output", type=Path, help="the zip to write, with --package; an existing one is kept")
    parser.add_argument("--output-dir", type=Path, help="where --all puts the zips (build/packages)")
    parser.add_argument("--provisioner", default="local", choices=sorted(PROVISIONERS), help="where pip runs (local)")
    options = parser.parse_args(arguments)
    if options.package is not None and options.output is None:
        parser.error("--package needs --output")
    if options.output if options.all else options.output_dir:
        parser.error("--output goes with --package, --output-dir with --all")
    return options


def _requests(options: argparse.Namespace) -> list[Request]:
    """List the zips to build."""
    root, target = sources.ROOT, parse_target(options.runtime, options.architecture)
    if not options.all:
        sources.code(root, options.package)  # an unknown name is an error even if the output exists
        return [Request(root, options.package, target, options.output.absolute())]
    folder = (options.output_dir or root / "build" / "packages").absolute()
    return [Request(root, name, target, folder / _file_name(root, name, target)) for name in sources.packages(root)]


def _file_name(root: Path, package: str, target: Target) -> str:
    """Name a zip after everything that decides its content, so that an existing one is the right one."""
    return f"{package}-{sources.fingerprint(root, package, target)}.zip"


def _say(line: str) -> None:
    print(line, flush=True)


def _complain(sentence: str, details: Sequence[str] = ()) -> None:
    sys.stderr.write("".join([f"package: error: {sentence}\n", *(f"  {line}\n" for line in details)]))


def _stop(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
