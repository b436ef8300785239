"""CBOR (RFC 8949) as far as AWS's RPC protocol uses it, under the names of the cbor2 distribution."""

from __future__ import annotations

import datetime as dt
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

INDEFINITE = 31
TIMESTAMP_TAG = 1
BREAK = object()
SIMPLE = {20: False, 21: True, 22: None, 23: None}
FLOATS = {25: ("!e", 2), 26: ("!f", 4), 27: ("!d", 8)}


class CBORDecodeError(ValueError):
    """The bytes are no CBOR that this codec knows."""


@dataclass(frozen=True)
class CBORTag:
    """A tagged value."""

    tag: int
    value: object


class Decoder:
    """Read values from bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> bytes:
        """Return the next bytes.

        Raises:
            CBORDecodeError: there are not so many.
        """
        taken = self._data[self._at : self._at + count]
        if len(taken) < count:
            raise CBORDecodeError("the data ends in the middle of a value")
        self._at += count
        return taken

    def value(self) -> Any:  # noqa: ANN401 - any CBOR value
        """Return the next value, or BREAK."""
        first = self.take(1)[0]
        major, info = first >> 5, first & 31
        if major == 7:  # noqa: PLR2004 - RFC 8949's major type of simple values and floats
            return self.simple(info)
        size = None if info == INDEFINITE else self.argument(info)
        if size is None and major in (0, 1, 6):
            raise CBORDecodeError(f"type {major} cannot be indefinite")
        return self.typed(major, size)

    def typed(self, major: int, size: int | None) -> Any:  # noqa: ANN401 - any CBOR value
        """Return the value of a major type; no size means indefinite."""
        if major in (2, 3):
            joined = b"".join(self.chunks()) if size is None else self.take(size)
            return joined if major == 2 else joined.decode()  # noqa: PLR2004 - byte strings
        if major == 4:  # noqa: PLR2004 - arrays
            return self.items(size)
        if major == 5:  # noqa: PLR2004 - maps
            flat = self.items(None if size is None else 2 * size)
            return dict(zip(flat[::2], flat[1::2], strict=True))
        number = size or 0
        if major == 6:  # noqa: PLR2004 - tags
            return tagged(number, self.value())
        return number if major == 0 else -1 - number

    def argument(self, info: int) -> int:
        """Return a value's argument: a number, or a size."""
        if info < 24:  # noqa: PLR2004 - the argument itself
            return info
        if info > 27:  # noqa: PLR2004 - reserved
            raise CBORDecodeError(f"additional information {info} is reserved")
        return int.from_bytes(self.take(1 << (info - 24)), "big")

    def simple(self, info: int) -> Any:  # noqa: ANN401 - any CBOR value
        """Return a simple value, a float, or BREAK."""
        if info == INDEFINITE:
            return BREAK
        if info in FLOATS:
            form, size = FLOATS[info]
            return struct.unpack(form, self.take(size))[0]
        if info not in SIMPLE:
            raise CBORDecodeError(f"simple value {info} is not known")
        return SIMPLE[info]

    def items(self, count: int | None) -> list[Any]:
        """Return so many values, or all up to BREAK."""
        if count is not None:
            return [self.value() for _ in range(count)]
        found = []
        while (value := self.value()) is not BREAK:
            found.append(value)
        return found

    def chunks(self) -> list[bytes]:
        """Return the parts of an indefinite string."""
        return [part.encode() if isinstance(part, str) else part for part in self.items(None)]


def tagged(tag: int, value: Any) -> Any:  # noqa: ANN401 - any CBOR value
    """Return a tagged value; a timestamp as a time in UTC."""
    return dt.datetime.fromtimestamp(value, tz=dt.UTC) if tag == TIMESTAMP_TAG else CBORTag(tag, value)


def loads(data: bytes) -> Any:  # noqa: ANN401 - any CBOR value
    """Return the value that CBOR bytes hold.

    Raises:
        CBORDecodeError: they are no CBOR.
    """
    return Decoder(data).value()


def dumps(value: Any) -> bytes:  # noqa: ANN401 - any CBOR value
    """Return a value as CBOR.

    Raises:
        TypeError: it has no form in CBOR.
    """
    if isinstance(value, dt.datetime):
        return dumps(CBORTag(TIMESTAMP_TAG, value.timestamp()))
    for kind, encode in ENCODERS:
        if isinstance(value, kind):
            return encode(value)
    raise TypeError(f"{type(value).__name__} has no form in CBOR")


def head(major: int, argument: int) -> bytes:
    """Return a value's first bytes: its major type and its argument."""
    if argument < 24:  # noqa: PLR2004 - fits into the first byte
        return bytes([major << 5 | argument])
    power = next(power for power in range(4) if argument < 1 << (8 << power))
    return bytes([major << 5 | (24 + power)]) + argument.to_bytes(1 << power, "big")


def dump_text(value: str) -> bytes:
    """Return a string as CBOR."""
    encoded = value.encode()
    return head(3, len(encoded)) + encoded


def dump_map(value: dict[Any, Any]) -> bytes:
    """Return a dictionary as CBOR."""
    return head(5, len(value)) + b"".join(dumps(key) + dumps(item) for key, item in value.items())


ENCODERS: tuple[tuple[Any, Callable[[Any], bytes]], ...] = (
    (bool, lambda value: b"\xf5" if value else b"\xf4"),
    (type(None), lambda _: b"\xf6"),
    (int, lambda value: head(0, value) if value >= 0 else head(1, -1 - value)),
    (float, lambda value: b"\xfb" + struct.pack("!d", value)),
    (bytes, lambda value: head(2, len(value)) + value),
    (str, dump_text),
    ((list, tuple), lambda value: head(4, len(value)) + b"".join(map(dumps, value))),
    (dict, dump_map),
    (CBORTag, lambda value: head(6, value.tag) + dumps(value.value)),
)
