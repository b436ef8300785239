from __future__ import annotations

import pytest

from tools.package.errors import PackageError
from tools.package.requirements import parse_names, select

LOCK = """\
# made by a tool
Alpha.One==1.2 ; sys_platform == 'linux' \\
    --hash=sha256:aa \\
    --hash=sha256:bb
    # via
    #   -r requirements.in
beta==3.0 \\
    --hash=sha256:cc
    # via alpha-one
beta-two==4.0 \\
    --hash=sha256:dd
forked==1.0 ; python_full_version < '3.12' \\
    --hash=sha256:ee
forked==2.0 ; python_full_version >= '3.12' \\
    --hash=sha256:ff
bare==1.0
loose>=1.0 \\
    --hash=sha256:11
"""


def test_only_the_named_distributions_are_selected_with_their_version_and_every_hash() -> None:
    expected = "Alpha.One==1.2 --hash=sha256:aa --hash=sha256:bb\nbeta==3.0 --hash=sha256:cc\n"
    assert expected == select(LOCK, ("beta", "alpha_one"))


def test_no_distribution_is_no_requirement() -> None:
    assert select(LOCK, ()) == ""


def test_line_endings_do_not_matter() -> None:
    assert select(LOCK.replace("\n", "\r\n"), ("beta",)) == select(LOCK, ("beta",))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        pytest.param("gamma", 'Distribution "gamma" is not in', id="absent"),
        pytest.param("bet", 'Distribution "bet" is not in', id="only the beginning of a name"),
        pytest.param("forked", '"forked" is not pinned once', id="two versions"),
        pytest.param("bare", '"bare" is not pinned once with == and hashes', id="no hash"),
        pytest.param("loose", '"loose" is not pinned once with == and hashes', id="a range"),
    ],
)
def test_a_distribution_that_is_not_locked_is_named(name: str, words: str) -> None:
    with pytest.raises(PackageError, match=words):
        select(LOCK, (name,))


def test_names_are_read_without_comments_and_blank_lines() -> None:
    assert parse_names("# a comment\n\nbeta # why\n  alpha.one\r\n") == ("beta", "alpha.one")


@pytest.mark.parametrize("line", ["beta==3.0", "-r other.txt", "two words", "--index-url=x", "beta;x"])
def test_a_line_that_is_not_a_bare_name_is_refused_and_quoted(line: str) -> None:
    with pytest.raises(PackageError, match="is no distribution's name") as raised:
        parse_names(f"alpha\n{line}\n")
    assert f'"{line}"' in str(raised.value)
