"""Links lead somewhere, commands can be typed, paths exist. Each test fails when it matches nothing."""

from __future__ import annotations

import re
import subprocess
from fnmatch import fnmatch
from typing import TYPE_CHECKING

import pytest

from tests.docs.pages import (
    PAGES,
    ROOT,
    Block,
    anchors,
    blocks,
    every_file,
    links,
    slugged,
    spans,
    tables,
    text_of,
    title,
)

if TYPE_CHECKING:
    from pathlib import Path

TARGET = re.compile(r"^([a-z][a-z0-9-]*):.*## ", re.MULTILINE)
MAKE = re.compile(r"(?:^|[\s(`;&|])make ([a-z][a-z0-9-]*)((?: +[A-Z_]+=\S+)*)", re.MULTILINE)
OUTSIDE = re.compile(r"^[a-z]+:")
FILE = re.compile(r"^[\w.*{}-]+\.(hcl|md|py|sh|tf|tftpl)$")
FOLDERS = ("docs/", "examples/", "lambda_src/", "terraform/", "tests/", "tools/", ".ci/")
FILES = [str(path.relative_to(ROOT)) for path in every_file()]
MAKEFILE = text_of(ROOT / "Makefile")
by_page = pytest.mark.parametrize("page", PAGES, ids=title)


def typed(page: Path) -> list[str]:
    """Return what of a page may be typed: shell blocks and what stands in backticks."""
    return [block.text for block in blocks(page) if block.is_shell] + spans(page)


def commands(page: Path) -> list[tuple[str, list[str]]]:
    """Return the targets of make that a page names, each with the variables that it is given there."""
    joined = (text.replace("\\\n", " ") for text in typed(page))
    return [(target, re.findall(r"([A-Z_]+)=", given)) for text in joined for target, given in MAKE.findall(text)]


def leads_nowhere(page: Path, link: str) -> bool:
    """Return whether a link within the repository has no target."""
    name, _, anchor = link.partition("#")
    target = (page.parent / name).resolve() if name else page
    if not target.exists():
        return True
    return bool(anchor) and (target.suffix != ".md" or anchor not in anchors(target))


def is_there(path: str, page: Path) -> bool:
    """Return whether a path, maybe with stars, is the repository's: from its root, the page's folder, or by name."""
    pattern = re.sub(r"\{.*?\}|<.*?>|NAME", "*", path).replace("**/", "*").rstrip("/")
    near = title(page.parent) + "/" if page.parent != ROOT else ""
    wanted = [pattern, near + pattern] + ([f"*/{pattern}"] if "/" not in pattern else [])
    return any(fnmatch(known, each) or fnmatch(known, f"{each}/*") for known in FILES for each in wanted)


def looks_like_ours(span: str) -> bool:
    return " " not in span and (span.startswith(FOLDERS) or FILE.match(span) is not None)


@by_page
def test_every_link_within_the_repository_leads_somewhere(page: Path) -> None:
    assert [link for link in links(page) if not OUTSIDE.match(link) and leads_nowhere(page, link)] == []


def test_links_are_found() -> None:
    within = [link for page in PAGES for link in links(page) if not OUTSIDE.match(link)]
    assert len(within) > len(PAGES)
    assert any("#" in link and not link.startswith("#") for link in within)


@by_page
def test_every_shell_block_can_be_parsed(page: Path) -> None:
    scripts = [block.text for block in blocks(page) if block.is_shell]
    answers = [
        subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False) for script in scripts
    ]
    assert [answer.stderr for answer in answers if answer.returncode] == []


def test_shell_blocks_are_found() -> None:
    found = [block for page in PAGES for block in blocks(page) if block.is_shell]
    assert len(found) > 20
    assert Block("", "make demo\n").is_shell
    assert not Block("", "GitLab ──▶ queue\n").is_shell


@by_page
def test_every_target_of_make_that_is_named_exists(page: Path) -> None:
    known = TARGET.findall(MAKEFILE)
    assert [target for target, _ in commands(page) if target not in known] == []


@by_page
def test_every_variable_that_make_is_given_is_read(page: Path) -> None:
    tools = "".join(text_of(ROOT / name) for name in FILES if name.startswith("tools/") and name.endswith(".py"))
    given = [(target, variable) for target, variables in commands(page) for variable in variables]
    assert [pair for pair in given if f"$({pair[1]})" not in MAKEFILE and f'"{pair[1]}"' not in tools] == []


def test_every_target_of_make_is_in_its_help() -> None:
    phony = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
    assert phony is not None
    assert sorted(phony[1].split()) == sorted(TARGET.findall(MAKEFILE))


@by_page
def test_every_path_of_the_repository_that_is_named_exists(page: Path) -> None:
    named = [span for span in spans(page) if looks_like_ours(span)]
    assert [span for span in named if not is_there(span, page)] == []


def test_paths_are_found() -> None:
    assert sum(looks_like_ours(span) for page in PAGES for span in spans(page)) > len(PAGES)
    assert not is_there("tools/no-such-thing", ROOT / "README.md")


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        pytest.param("What is cached", "what-is-cached", id="words"),
        pytest.param("Not tried against AWS?", "not-tried-against-aws", id="punctuation"),
        pytest.param("`make hooks`", "make-hooks", id="code"),
        pytest.param("A [link](there.md)", "a-link", id="a link"),
        pytest.param("asg_name", "asg_name", id="an underscore"),
    ],
)
def test_anchors_are_those_of_github_and_gitlab(heading: str, anchor: str) -> None:
    assert anchor == slugged(heading)


def test_every_example_is_in_the_list_and_the_list_has_nothing_else() -> None:
    page = ROOT / "examples" / "README.md"
    there = {path.parent.name for path in (ROOT / "examples").glob("*/main.tf")}
    assert len(there) > 10
    listed = [re.findall(r"\]\(([^)]+)\)", row["folder"]) for row in tables(page, "folder")]
    assert sorted(there) == sorted(name for names in listed for name in names)


def test_the_readme_is_read_in_ten_minutes() -> None:
    assert len(text_of(ROOT / "README.md").splitlines()) <= 200


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, waiting = {ROOT / "README.md"}, [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        targets = {(page.parent / link.partition("#")[0]).resolve() for link in links(page) if not OUTSIDE.match(link)}
        pages = {target / "README.md" if target.is_dir() else target for target in targets} & set(PAGES)
        waiting += pages - reached
        reached |= pages
    assert sorted(map(title, set(PAGES) - reached)) == []


def test_a_command_is_told_from_its_variables() -> None:
    assert MAKE.findall("make cost HOOKS=3 VENDS=4\nmake demo") == [("cost", " HOOKS=3 VENDS=4"), ("demo", "")]
