"""The key under which a session is kept. Pure.

Two orders have the same key only if everything that shapes the privilege is the same. So the key is made of the whole
`Session`, whatever fields it may get, and not of a list of them that could fall behind.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from credentials.canonical import fingerprint

if TYPE_CHECKING:
    from credentials.model import Session


def cache_key(session: Session, *, region: str, partition: str, epoch: int) -> str:
    """Return the key of a session.

    Args:
        session: what STS is asked for.
        region: where STS is asked.
        partition: the AWS partition.
        epoch: a number that forgets everything when it changes.

    Returns:
        64 hex digits.
    """
    return fingerprint({"session": asdict(session), "region": region, "partition": partition, "epoch": epoch})
