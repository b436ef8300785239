"""Where Terraform's provider comes from."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from tools.local import terraform

if TYPE_CHECKING:
    from pathlib import Path


def mirror(folder: Path, version: str = "5.100.0", platform: str | None = None) -> Path:
    place = folder / terraform.PROVIDER / version / (platform or terraform.platform_name())
    place.mkdir(parents=True)
    binary = place / "terraform-provider-aws"
    binary.touch()
    binary.chmod(0o755)
    return folder


@pytest.fixture(autouse=True)
def _shells_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take empty files for providers: these tests must not leave behind what a real search would find."""
    monkeypatch.setattr(terraform, "SMALLEST_BYTES", 0)


def never() -> bool:
    raise AssertionError("must not be asked")


def nothing() -> None:
    return None


def test_a_named_mirror_wins_and_nothing_else_is_asked(tmp_path: Path) -> None:
    named = mirror(tmp_path)
    source = terraform.provider_source({"TF_PLUGIN_MIRROR": str(named)}, never, never)  # type: ignore[arg-type]
    assert named == source.mirror


@pytest.mark.parametrize(("version", "platform"), [("5.99.0", None), ("5.100.0", "plan9_mips")])
def test_a_named_mirror_without_the_provider_is_an_error_that_names_the_variable(
    tmp_path: Path, version: str, platform: str | None
) -> None:
    named = mirror(tmp_path, version, platform)
    with pytest.raises(terraform.TerraformError, match=f"TF_PLUGIN_MIRROR={named}"):
        terraform.provider_source({"TF_PLUGIN_MIRROR": str(named)}, never, nothing)


def test_the_registry_is_used_when_it_answers() -> None:
    source = terraform.provider_source({}, lambda: True, never)  # type: ignore[arg-type]
    assert source.mirror is None


def test_without_the_registry_a_mirror_on_the_disk_is_used(tmp_path: Path) -> None:
    found = mirror(tmp_path)
    source = terraform.provider_source({}, lambda: False, lambda: found)
    assert found == source.mirror
    assert "did not answer" in source.reason


def test_without_registry_and_mirror_the_error_says_what_to_do() -> None:
    with pytest.raises(terraform.TerraformError, match="TF_PLUGIN_MIRROR"):
        terraform.provider_source({}, lambda: False, nothing)


def test_the_search_finds_an_unpacked_mirror(tmp_path: Path) -> None:
    found = mirror(tmp_path / "somewhere" / "deep")
    assert [found / terraform.PROVIDER] == terraform.find_providers(str(tmp_path))


def test_a_packed_mirror_counts_too(tmp_path: Path) -> None:
    provider = tmp_path / terraform.PROVIDER
    provider.mkdir(parents=True)
    (provider / f"terraform-provider-aws_6.1.0_{terraform.platform_name()}.zip").touch()
    assert terraform.holds_provider(tmp_path)


def test_an_empty_shell_of_a_mirror_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terraform, "SMALLEST_BYTES", 1)
    assert not terraform.holds_provider(mirror(tmp_path))


def test_a_remembered_mirror_that_is_gone_is_searched_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    found = mirror(home / "plugins")
    monkeypatch.setenv("HOME", str(home))
    remembered = tmp_path / "remembered"
    remembered.write_text(str(tmp_path / "gone"))
    assert found == terraform.search_disk(remembered)
    assert str(found) == remembered.read_text()


def test_the_config_for_a_mirror_uses_only_the_mirror(tmp_path: Path) -> None:
    text = terraform.config_text(terraform.ProviderSource(tmp_path, ""), tmp_path / "cache")
    assert json.dumps(str(tmp_path)) in text
    assert "direct" not in text


def test_an_inherited_config_file_that_does_not_exist_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(tmp_path / "missing"))
    monkeypatch.setenv("TF_LOG", "trace")
    monkeypatch.setenv("TF_PLUGIN_MIRROR", str(mirror(tmp_path / "mirror")))
    said: list[str] = []
    environment = terraform.cli_config(tmp_path / "build", said.append)
    assert str(tmp_path / "build" / "terraform.rc") == environment["TF_CLI_CONFIG_FILE"]
    assert "TF_LOG" not in environment
    assert "TF_PLUGIN_MIRROR names" in said[0]


def test_how_often_garbage_is_collected_is_for_the_caller_to_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_PLUGIN_MIRROR", str(mirror(tmp_path / "mirror")))
    monkeypatch.setenv("GOGC", "100")
    monkeypatch.delenv("GOMEMLIMIT", raising=False)
    environment = terraform.cli_config(tmp_path / "build", lambda _: None)
    assert ("100", terraform.GO_SETTINGS["GOMEMLIMIT"]) == (environment["GOGC"], environment["GOMEMLIMIT"])


def test_no_terraform_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(terraform.TerraformError, match=r"not on PATH: see developer\.hashicorp\.com"):
        terraform.executable()


def test_a_terraform_that_is_too_old_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "terraform"
    fake.write_text('#!/bin/sh\necho \'{"terraform_version": "1.3.0"}\'\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/bin{os.pathsep}/usr/bin")
    with pytest.raises(terraform.TerraformError, match=r"1\.3\.0 is too old"):
        terraform.executable()
