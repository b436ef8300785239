"""Makes the CycloneDX document of one zip; the same zip and lock give the same bytes."""

from __future__ import annotations

import hashlib
import re
import uuid
from typing import TYPE_CHECKING

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from tools.package.requirements import select
from tools.package.sbom.contents import Distribution, distributions

if TYPE_CHECKING:
    from pathlib import Path

# Any fixed value: with the zip's hash it makes a serial number that two builds agree on.
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "tools/package/sbom")


def document(path: Path, lock: str) -> str:
    """Return the bill of materials of a zip as JSON.

    Args:
        path: The zip, whose name begins with the package's.
        lock: The text of the lock file that it was built from.
    """
    content = hashlib.sha256(path.read_bytes()).hexdigest()
    root = _package(path, content)
    found = distributions(path)
    components = {entry.name: _component(entry, lock) for entry in found}
    bom = Bom(components=components.values(), serial_number=uuid.uuid5(_NAMESPACE, content))
    bom.metadata.component = root
    bom.metadata.timestamp = None  # type: ignore[assignment] # the schema does not ask for one, and two builds would differ
    bom.register_dependency(root, components.values())
    for entry in found:
        needed = [components[name] for name in sorted(entry.needs & components.keys())]
        bom.register_dependency(components[entry.name], needed)
    return str(JsonV1Dot6(bom).output_as_string(indent=2)) + "\n"


def _package(path: Path, content: str) -> Component:
    """Return the zip itself, known by its hash."""
    name = path.name.rsplit("-", 1)[0]
    hashes = [HashType(alg=HashAlgorithm.SHA_256, content=content)]
    return Component(name=name, type=ComponentType.APPLICATION, bom_ref=name, hashes=hashes)


def _component(entry: Distribution, lock: str) -> Component:
    purl = PackageURL("pypi", None, entry.name, entry.version)
    return Component(
        bom_ref=str(purl),
        description=entry.summary or None,
        external_references=[_source(entry, lock)],
        licenses=[LicenseFactory().make_from_string(entry.licence)] if entry.licence else None,
        name=entry.name,
        purl=purl,
        type=ComponentType.LIBRARY,
        version=entry.version,
    )


def _source(entry: Distribution, lock: str) -> ExternalReference:
    """Return where a distribution comes from; it was installed from a file with one of these hashes."""
    hashes = re.findall(r"--hash=sha256:([0-9a-f]{64})", select(lock, (entry.name,)))
    return ExternalReference(
        comment="installed from a file with one of these hashes, without what docs/packaging.md leaves out",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=content) for content in hashes],
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(f"https://pypi.org/project/{entry.name}/{entry.version}/"),
    )
