"""A Debian system in a folder, for what recorded package managers cannot show.

`python -m tests.terraform.runner_host.debian_root` makes it once (root, debootstrap and a Debian mirror are needed, it
takes a minute or two) and keeps it in build/test-roots; the tests unpack it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

KEPT = Path(__file__).resolve().parents[3] / "build" / "test-roots" / "debian-12.tar"
RELEASE, MIRROR = "bookworm", "http://deb.debian.org/debian"
APT = ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-y", "--no-install-recommends")
# What the tests install for real: downloaded once.
DOWNLOADED = ("docker.io", "git")
UNNEEDED = ("usr/share/doc", "usr/share/locale", "usr/share/man")


def missing() -> str:
    """Return why a root cannot be used here, or nothing."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "a Debian root needs Linux and root"
    if shutil.which("unshare") is None:
        return "a Debian root needs unshare (util-linux)"
    if not KEPT.exists():
        return "there is no Debian root yet: make host-root makes one"
    return ""


def inside(root: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a root, with processes of its own; they end with it."""
    path = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
    prefix = ("unshare", "--mount", "--pid", "--fork", "--kill-child", f"--mount-proc={root}/proc", "chroot", str(root))
    return subprocess.run(
        [*prefix, *command], env=path | environment, check=False, capture_output=True, text=True, timeout=300
    )


def needed(root: Path, *command: str) -> None:
    """Run a command in a root that must succeed."""
    answer = inside(root, *command)
    if answer.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed in the new root:\n{answer.stdout}{answer.stderr}")


def make() -> None:
    """Make the root and keep it as one file."""
    if os.geteuid() != 0 or shutil.which("debootstrap") is None:
        raise SystemExit("error: making a Debian root needs root and debootstrap (apt-get install debootstrap)")
    KEPT.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=KEPT.parent) as folder:
        root = Path(folder, "root")
        options = ("--variant=minbase", "--include=ca-certificates,curl,python3")
        subprocess.run(["debootstrap", *options, RELEASE, str(root), MIRROR], check=True, stdout=subprocess.DEVNULL)
        shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
        needed(root, *APT, "update")
        needed(root, *APT, "install", "cloud-init")
        needed(root, "apt-get", "clean")
        needed(root, *APT, "install", "--download-only", *DOWNLOADED)
        for unneeded in UNNEEDED:
            shutil.rmtree(root / unneeded, ignore_errors=True)
        packed = Path(folder, "root.tar")
        subprocess.run(["tar", "-cf", str(packed), "-C", str(root), "."], check=True)
        packed.rename(KEPT)


@contextmanager
def unpacked() -> Iterator[Path]:
    """Give a root of its own, which is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="debian-root-") as folder:
        root = Path(folder)
        subprocess.run(["tar", "-xf", str(KEPT), "-C", str(root)], check=True)
        shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
        yield root


if __name__ == "__main__":
    make()
