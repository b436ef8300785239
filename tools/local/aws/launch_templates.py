"""Launch template data in the EC2 protocol, read and written whole by botocore's model. Pure."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.loaders import Loader
from botocore.model import ListShape, ServiceModel, StructureShape

from tools.local.aws.query import FormReader, members_xml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.model import Shape


class Ec2Reader(FormReader):
    """Read the EC2 protocol's forms: capitalised names, and lists without `member`."""

    def read_structure(self, shape: StructureShape, prefix: str) -> dict[str, Any]:
        """Return the members of a structure that the form names."""
        names = {name: f"{prefix}{form_name(name, member)}" for name, member in shape.members.items()}
        return {name: self.read(shape.members[name], key) for name, key in names.items() if self.has(key)}

    def read_list(self, shape: ListShape, prefix: str) -> list[Any]:
        """Return a list."""
        items: list[Any] = []
        while self.has(f"{prefix}.{len(items) + 1}"):
            items.append(self.read(shape.member, f"{prefix}.{len(items) + 1}"))
        return items


def form_name(name: str, shape: Shape) -> str:
    """Return a member's name in a form of the EC2 protocol."""
    if "queryName" in shape.serialization:
        return str(shape.serialization["queryName"])
    written = str(shape.serialization.get("name", name))
    return written[0].upper() + written[1:]


@cache
def structure(name: str) -> StructureShape:
    """Return one of EC2's structures."""
    shape = ServiceModel(Loader().load_service_model("ec2", "service-2"), "ec2").shape_for(name)
    if not isinstance(shape, StructureShape):
        raise TypeError(f"{name} is no structure")
    return shape


def parse(params: Mapping[str, str | list[str]], prefix: str = "LaunchTemplateData") -> dict[str, Any]:
    """Return everything that a request says about a launch template's data."""
    form = {name: value[0] if isinstance(value, list) else value for name, value in params.items()}
    return Ec2Reader(form).read_structure(structure("RequestLaunchTemplateData"), f"{prefix}.")


def xml(data: dict[str, Any]) -> str:
    """Return launch template data as EC2 describes it."""
    shown = dict(data)
    if "MetadataOptions" in shown:
        shown["MetadataOptions"] = {"State": "applied"} | shown["MetadataOptions"]
    return members_xml(structure("ResponseLaunchTemplateData"), shown)
