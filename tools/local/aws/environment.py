"""The environment that MiniStack and the functions get: little, private to this stack, and loopback only."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ADDRESS = "127.0.0.1"
REGION = "us-east-1"
KEPT = ("HOME", "HTTPS_PROXY", "LANG", "LC_ALL", "PATH", "SSL_CERT_FILE", "SYSTEMROOT", "TZ", "https_proxy")
LOOPBACK = "127.0.0.1,localhost"


def environment(inherited: Mapping[str, str], port: int, folder: Path, *, auth: bool, log_level: str) -> dict[str, str]:
    """Return the whole environment of the server, which its Lambda workers inherit.

    A developer's AWS profile, PYTHONPATH or http proxy must not reach the functions, so only a few names are kept.

    Args:
        inherited: the environment that the server was started with.
        port: the server's port.
        folder: a private folder for temporary files and state.
        auth: whether IAM is enforced.
        log_level: of MiniStack.
    """
    kept = {name: inherited[name] for name in KEPT if name in inherited}
    own = {
        "AUTH": str(auth).lower(),
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "BIND_HOST": ADDRESS,
        "DOCKER_HOST": f"unix://{folder}/no-docker.sock",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "LOG_LEVEL": log_level.upper(),
        "MINISTACK_REGION": REGION,
        "NO_PROXY": LOOPBACK,
        "PYTHONDONTWRITEBYTECODE": "1",
        "S3_DATA_DIR": str(folder / "s3"),
        "SFTP_ENABLED": "0",
        "STATE_DIR": str(folder / "state"),
        "TMPDIR": str(folder),
        "no_proxy": LOOPBACK,
    }
    return kept | own
