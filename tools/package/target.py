"""What a package is built for: a Lambda runtime on an architecture."""

from __future__ import annotations

from dataclasses import dataclass

from tools.package.errors import PackageError

RUNTIMES = ("python3.13", "python3.14")
ARCHITECTURES = ("x86_64", "arm64")

_MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}
# Both runtimes are Amazon Linux 2023, whose glibc is 2.34. A pip before 20.3 takes only the last platform it is
# given, so the one that most wheels have comes last; pip itself prefers the order given.
_LINUXES = ("manylinux_2_34", "manylinux_2_28", "manylinux_2_17", "manylinux2014")


@dataclass(frozen=True)
class Target:
    """A supported runtime on a supported architecture, in Lambda's names; made by `parse_target`."""

    runtime: str
    architecture: str

    @property
    def python_version(self) -> str:
        """The version pip is asked for, such as "3.13"."""
        return self.runtime[len("python") :]

    @property
    def platforms(self) -> tuple[str, ...]:
        """The wheel platform tags that run there."""
        return tuple(f"{linux}_{_MACHINES[self.architecture]}" for linux in _LINUXES)

    def __str__(self) -> str:
        return f"{self.runtime} on {self.architecture}"


def parse_target(runtime: str, architecture: str) -> Target:
    """Check the two names.

    Raises:
        PackageError: One of them is not supported.
    """
    if runtime not in RUNTIMES:
        raise PackageError(f'Runtime "{runtime}" is not supported; use one of {", ".join(RUNTIMES)}.')
    if architecture not in ARCHITECTURES:
        raise PackageError(f'Architecture "{architecture}" is not supported; use one of {", ".join(ARCHITECTURES)}.')
    return Target(runtime, architecture)
