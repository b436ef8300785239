"""The constraints of a botocore model, which botocore itself leaves to the service: ranges, enums and patterns."""

from __future__ import annotations

import re
from typing import Any

from botocore.model import ListShape, Shape, StructureShape

FAILED = "failed to satisfy constraint"
SURROGATES = (r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF")


def violations(shape: Shape, value: Any, path: str = "") -> list[str]:  # noqa: ANN401 - as varied as the shapes
    """Return every broken constraint of a value, in AWS's words."""
    if isinstance(shape, StructureShape):
        return structure_violations(shape, value, path)
    if isinstance(shape, ListShape):
        broken = size_violations(shape, value, path, "length")
        for number, item in enumerate(value, start=1):
            broken += violations(shape.member, item, f"{path}.{number}.member")
        return broken
    if isinstance(value, str):
        return text_violations(shape, value, path)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return size_violations(shape, value, path, "value")
    return []


def structure_violations(shape: StructureShape, value: dict[str, Any], path: str) -> list[str]:
    """Return the broken constraints of a structure: what is missing, and those of its members."""
    missing = [name for name in shape.required_members if name not in value]
    broken = [f"Value null at '{member_path(path, name)}' {FAILED}: Member must not be null" for name in missing]
    for name, item in value.items():
        broken += violations(shape.members[name], item, member_path(path, name))
    return broken


def member_path(path: str, name: str) -> str:
    """Return the path of a member as AWS writes it, in camel case."""
    return f"{path}.{name}".lstrip(".") if path else name[0].lower() + name[1:]


def text_violations(shape: Shape, value: str, path: str) -> list[str]:
    """Return the broken constraints of a string; models write the upper planes as surrogates, Python does not."""
    broken = size_violations(shape, value, path, "length")
    allowed = shape.metadata.get("enum")
    if allowed and value not in allowed:
        broken.append(f"Value '{value}' at '{path}' {FAILED}: Member must satisfy enum value set: {allowed}")
    pattern = shape.metadata.get("pattern")
    if pattern and not re.fullmatch(pattern.replace(*SURROGATES), value):
        broken.append(f"Value '{value}' at '{path}' {FAILED}: Member must satisfy regular expression: {pattern}")
    return broken


def size_violations(shape: Shape, value: Any, path: str, noun: str) -> list[str]:  # noqa: ANN401 - number or sized
    """Return whether a value's size is out of its range."""
    size = value if noun == "value" else len(value)
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    broken = []
    if least is not None and size < least:
        broken.append(f"Value '{value}' at '{path}' {FAILED}: Member must have {noun} greater than or equal to {least}")
    if most is not None and size > most:
        broken.append(f"Value '{value}' at '{path}' {FAILED}: Member must have {noun} less than or equal to {most}")
    return broken
