"""AWS's Query protocol, read and written by botocore's model of a service."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape
from botocore.validate import ParamValidator

from tools.local.aws.constraints import violations

TRUTHS = {"true": True, "false": False}


class QueryError(Exception):
    """An error that a service answers: its code, its message and its HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


class QueryModelError(Exception):
    """Our own answer does not have the shape that the service's model asks for."""


@dataclass
class FormReader:
    """Read nested parameters from a flat form and remember which keys were used."""

    form: dict[str, str]
    used: set[str] = field(default_factory=lambda: {"Action", "Version"})

    def has(self, prefix: str) -> bool:
        """Tell whether the form names this parameter or anything below it."""
        return prefix in self.form or any(key.startswith(f"{prefix}.") for key in self.form)

    def read(self, shape: Shape, prefix: str) -> Any:  # noqa: ANN401 - as varied as the model's shapes
        """Return the value at a prefix in the type that its shape asks for."""
        if isinstance(shape, StructureShape):
            return self.read_structure(shape, f"{prefix}.")
        if isinstance(shape, ListShape):
            return self.read_list(shape, prefix)
        if isinstance(shape, MapShape):
            return self.read_map(shape, prefix)
        self.used.add(prefix)
        return scalar(shape, prefix, self.form.get(prefix, ""))

    def read_structure(self, shape: StructureShape, prefix: str) -> dict[str, Any]:
        """Return the members of a structure that the form names."""
        names = {name: f"{prefix}{member.serialization.get('name', name)}" for name, member in shape.members.items()}
        return {name: self.read(shape.members[name], key) for name, key in names.items() if self.has(key)}

    def read_list(self, shape: ListShape, prefix: str) -> list[Any]:
        """Return a list; `Name=` alone is the empty one."""
        self.used.add(prefix)
        flat = shape.serialization.get("flattened", False)
        base = prefix if flat else f"{prefix}.{shape.member.serialization.get('name', 'member')}"
        items: list[Any] = []
        while self.has(f"{base}.{len(items) + 1}"):
            items.append(self.read(shape.member, f"{base}.{len(items) + 1}"))
        return items

    def read_map(self, shape: MapShape, prefix: str) -> dict[str, Any]:
        """Return a map of entries."""
        result: dict[str, Any] = {}
        number = 1
        while self.has(f"{prefix}.entry.{number}"):
            entry = f"{prefix}.entry.{number}"
            result[str(self.read(shape.key, f"{entry}.key"))] = self.read(shape.value, f"{entry}.value")
            number += 1
        return result


def scalar(shape: Shape, name: str, text: str) -> str | int | float | bool | dt.datetime:
    """Return a form value in its scalar type.

    Raises:
        QueryError: the text is not of that type.
    """
    try:
        match shape.type_name:
            case "integer" | "long":
                return int(text)
            case "double" | "float":
                return float(text)
            case "boolean":
                return TRUTHS[text.lower()]
            case "timestamp":
                return dt.datetime.fromisoformat(text)
            case _:
                return text
    except (ValueError, KeyError) as error:
        raise QueryError("ValidationError", f"{text!r} at {name!r} is not of type {shape.type_name}") from error


class QueryService:
    """One service's requests and answers in the Query protocol."""

    def __init__(self, name: str) -> None:
        self.model = ServiceModel(Loader().load_service_model(name, "service-2"), name)

    def operation(self, action: str) -> OperationModel:
        """Return an operation's model.

        Raises:
            QueryError: the service has no such action.
        """
        if action not in self.model.operation_names:
            message = f"The action {action} is not valid for this web service."
            raise QueryError("InvalidAction", message)
        return self.model.operation_model(action)

    def parse(self, form: dict[str, str]) -> tuple[str, dict[str, Any]]:
        """Return the action and its parameters, checked against the model.

        Raises:
            QueryError: an unknown action or parameter, a wrong type, or a broken constraint.
        """
        operation = self.operation(form.get("Action", ""))
        reader = FormReader(form)
        shape = operation.input_shape
        parameters = reader.read_structure(shape, "") if shape else {}
        unknown = sorted(set(form) - reader.used)
        if unknown:
            raise QueryError("ValidationError", f"Unknown parameter: {', '.join(unknown)}")
        broken = violations(shape, parameters) if shape else []
        if broken:
            plural = "error" if len(broken) == 1 else "errors"
            raise QueryError("ValidationError", f"{len(broken)} validation {plural} detected: {'; '.join(broken)}")
        return operation.name, parameters

    def answer(self, action: str, result: dict[str, Any], request_id: str) -> bytes:
        """Return the XML of a result.

        Raises:
            QueryModelError: the result does not have the shape that the model asks for.
        """
        operation = self.operation(action)
        inner = ""
        if operation.output_shape is not None:
            report = ParamValidator().validate(result, operation.output_shape)
            if report.has_errors():
                raise QueryModelError(f"{action}: {report.generate_report()}")
            body = members_xml(operation.output_shape, result)
            wrapper = operation.output_shape.serialization.get("resultWrapper")
            inner = f"<{wrapper}>{body}</{wrapper}>" if wrapper else body
        metadata = f"<ResponseMetadata><RequestId>{escape(request_id)}</RequestId></ResponseMetadata>"
        return f"<{action}Response xmlns={self.namespace()}>{inner}{metadata}</{action}Response>".encode()

    def error(self, error: QueryError, request_id: str) -> bytes:
        """Return the XML of an error."""
        fault = "Sender" if error.status < 500 else "Receiver"  # noqa: PLR2004 - HTTP's own boundary
        inner = f"<Type>{fault}</Type><Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message>"
        identity = f"<RequestId>{escape(request_id)}</RequestId>"
        return f"<ErrorResponse xmlns={self.namespace()}><Error>{inner}</Error>{identity}</ErrorResponse>".encode()

    def namespace(self) -> str:
        """Return the quoted XML namespace of the service."""
        return quoteattr(str(self.model.metadata["xmlNamespace"]))


def members_xml(shape: StructureShape, value: dict[str, Any]) -> str:
    """Return a structure's members as XML elements; what is None is left out."""
    parts = []
    for name, member in shape.members.items():
        if value.get(name) is not None:
            tag = member.serialization.get("name", name)
            parts.append(f"<{tag}>{value_xml(member, value[name])}</{tag}>")
    return "".join(parts)


def value_xml(shape: Shape, value: Any) -> str:  # noqa: ANN401 - as varied as the model's shapes
    """Return the inside of one element."""
    if isinstance(shape, StructureShape):
        return members_xml(shape, value)
    if isinstance(shape, ListShape):
        tag = shape.member.serialization.get("name", "member")
        return "".join(f"<{tag}>{value_xml(shape.member, item)}</{tag}>" for item in value)
    if isinstance(shape, MapShape):
        pairs = [(escape(key), value_xml(shape.value, item)) for key, item in value.items()]
        return "".join(f"<entry><key>{key}</key><value>{item}</value></entry>" for key, item in pairs)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    return escape(str(value))
