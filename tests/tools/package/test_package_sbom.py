"""The bill of materials of a zip."""

from __future__ import annotations

import hashlib
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tools.package.sbom.__main__ import main
from tools.package.sbom.document import document

if TYPE_CHECKING:
    from pathlib import Path

HASHES = ("0" * 64, "1" * 64)
LOCK = "".join(
    f"{name}=={version} \\\n    --hash=sha256:{HASHES[0]} \\\n    --hash=sha256:{HASHES[1]}\n    # via something\n"
    for name, version in (("first-one", "1.0"), ("second", "2.1"), ("third", "3"), ("not-shipped", "9"))
)
METADATA = {
    "first_one-1.0": "Name: First.One\nVersion: 1.0\nLicense-Expression: MIT\nSummary: The first.\n"
    "Requires-Dist: second>=2\nRequires-Dist: not-shipped; extra == 'more'\n",
    "second-2.1": "Name: second\nVersion: 2.1\nClassifier: License :: OSI Approved :: Zope Public License\n",
    "third-3": "Name: third\nVersion: 3\n",
}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    path = tmp_path / "scaler-0123456789abcdef.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("scaler/handler.py", "")
        for name, text in METADATA.items():
            archive.writestr(f"{name}.dist-info/METADATA", f"Metadata-Version: 2.4\n{text}\nA description.\n")
    return path


def made(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(document(path, LOCK))
    return loaded


def test_the_document_is_valid_cyclonedx(package: Path) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(document(package, LOCK)) is None


def test_the_same_zip_gives_the_same_bytes_at_any_time(package: Path) -> None:
    assert document(package, LOCK) == document(package, LOCK)
    assert "timestamp" not in made(package)["metadata"]


def test_the_zip_is_known_by_its_hash(package: Path) -> None:
    root = made(package)["metadata"]["component"]
    assert root["name"] == "scaler"
    assert root["hashes"] == [{"alg": "SHA-256", "content": hashlib.sha256(package.read_bytes()).hexdigest()}]


def test_every_distribution_in_the_zip_and_no_other_is_named(package: Path) -> None:
    assert [component["purl"] for component in made(package)["components"]] == [
        "pkg:pypi/first-one@1.0",
        "pkg:pypi/second@2.1",
        "pkg:pypi/third@3",
    ]


def test_a_distribution_carries_its_licence_and_the_hashes_it_was_allowed_to_have(package: Path) -> None:
    first, second, third = made(package)["components"]
    assert first["licenses"] == [{"license": {"id": "MIT"}}]
    assert second["licenses"] == [{"license": {"name": "Zope Public License"}}]
    assert "licenses" not in third
    assert [entry["content"] for entry in first["externalReferences"][0]["hashes"]] == list(HASHES)


def test_dependencies_are_those_that_are_in_the_zip(package: Path) -> None:
    graph = {entry["ref"]: entry.get("dependsOn", []) for entry in made(package)["dependencies"]}
    assert graph["pkg:pypi/first-one@1.0"] == ["pkg:pypi/second@2.1"]
    assert len(graph["scaler"]) == len(METADATA)


def test_a_package_that_is_not_built_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 2
    assert "is not built: run make package" in capsys.readouterr().err
