"""The repository keeps its own rules: layers, one version, commands that exist, nothing of one machine."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "livedo"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
README = (ROOT / "README.md").read_text()
TEXT = set(".ant .cff .css .csv .html .js .json .md .py .svg .toml .txt .yaml .yml".split())


@cache
def own_files() -> tuple[Path, ...]:
    """The files that belong to the repository: those git tracks or would, or all of them without git."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listed.returncode == 0 and listed.stdout:
        files = [ROOT / name for name in listed.stdout.splitlines()]
    else:
        skipped = {".git", ".venv", "out", "__pycache__"}
        files = [path for path in ROOT.rglob("*") if not skipped & set(path.relative_to(ROOT).parts)]
    return tuple(sorted(path for path in files if path.is_file()))


def lines_of_text() -> Iterator[tuple[Path, int, str]]:
    for path in own_files():
        if path.suffix in TEXT or path.name in {"Makefile", "run", ".gitignore"}:
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                yield path.relative_to(ROOT), number, line


def found(pattern: str, flags: int = 0) -> list[str]:
    wanted = re.compile(pattern, flags)
    return [f"{path}:{number}: {line.strip()[:120]}" for path, number, line in lines_of_text() if wanted.search(line)]


# Layers


def layers() -> dict[str, int]:
    """Each module of the layers in pyproject.toml with its height: 0 is the lowest."""
    (contract,) = PROJECT["tool"]["importlinter"]["contracts"]
    return {
        name: height
        for height, line in enumerate(reversed(contract["layers"]))
        for name in re.findall(r"\((\w+)\)", line)
    }


def part_of(path: Path) -> str:
    """The top-level part of livedo that a file belongs to."""
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imports_of(path: Path) -> Iterator[str]:
    """The top-level parts of livedo that a file imports, at its top or inside a function."""
    package = ("livedo", *path.relative_to(SOURCE).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text(), filename=str(path))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (start, node.module) if part)
            names = [f"{module}.{alias.name}" for alias in node.names] if module == "livedo" else [module]
        else:
            continue
        for name in names:
            parts = name.split(".")
            if parts[0] == "livedo" and len(parts) > 1:
                yield parts[1]


def test_no_module_imports_from_a_layer_above_its_own() -> None:
    height = layers()
    wrong = [
        f"{path.relative_to(ROOT)} imports livedo.{part}"
        for path in sorted(SOURCE.rglob("*.py"))
        for part in imports_of(path)
        if height.get(part, 0) > height.get(part_of(path), len(height))
    ]
    assert wrong == []


def test_every_part_of_livedo_has_a_layer_or_is_a_leaf() -> None:
    without_layer = {"__init__", "__main__", "errors", "pages", "tables", "wording"}
    parts = {part_of(path) for path in SOURCE.rglob("*.py")}
    assert parts - set(layers()) - without_layer == set()


@pytest.mark.parametrize(
    ("leaf", "imported"), [("errors", set()), ("wording", set()), ("pages", {"wording"}), ("tables", {"errors"})]
)
def test_a_leaf_imports_nothing_of_livedo_but_another_leaf(leaf: str, imported: set[str]) -> None:
    assert set(imports_of(SOURCE / f"{leaf}.py")) == imported


def test_a_table_is_read_in_one_place() -> None:
    readers = {path.name for path in SOURCE.rglob("*.py") if "DictReader" in path.read_text()}
    assert readers == set()


def test_physiology_holds_no_python() -> None:
    assert list((SOURCE / "physiology").rglob("*.py")) == []


# One machine, one registry, one voice


def test_no_path_of_one_machine_stands_in_a_file() -> None:
    assert found(r"(?<![\w.])/(work|root|home/\w+|tmp/\w+)/") == []


def test_only_the_lock_file_names_a_package_registry() -> None:
    hosts = (("py" + "pi", "org"), ("python" + "hosted", "org"), ("npm" + "js", "org"), ("debian", "org"))
    assert found("|".join(r"\.".join(host) for host in hosts)) == []


def test_the_lock_file_holds_no_path_of_this_machine() -> None:
    lock = (ROOT / "uv.lock").read_text()
    assert "file:" not in lock
    assert len(set(re.findall(r'registry = "([^"]+)"', lock))) == 1
    assert all(url.startswith("https://") for url in re.findall(r'url = "([^"]+)"', lock))


def test_no_plan_is_called_best() -> None:
    assert found(r"\b(best|optimal) (plan|treatment|dose)\b(?! is not clear)", re.IGNORECASE) == []


def test_no_unfinished_work_is_marked() -> None:
    assert found(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b") == []


# What the README and the project say of themselves


def test_the_readme_says_what_livedo_is_not() -> None:
    assert "not a medical device" in README
    assert "not a medical device" in PROJECT["project"]["description"]


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/install.md", ".ci/budgets.toml"])
def test_every_make_command_named_exists(page: str) -> None:
    named = set(re.findall(r"\bmake (?:-k )?([a-z-]+)(?=[`\s\"]|$)", (ROOT / page).read_text(), re.MULTILINE))
    assert named
    assert named <= make_targets()


def test_continuous_integration_runs_the_readmes_test_command() -> None:
    suites = tomllib.loads((ROOT / ".ci" / "budgets.toml").read_text())["suite"]
    commands = {suite["command"] for suite in suites}
    assert {"make test", "make -k check"} <= commands
    assert "make test" in README


@pytest.mark.parametrize(
    "page",
    [path for path in own_files() if path.suffix == ".md"],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_every_relative_link_of_a_page_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_files_that_the_first_run_reads_exist() -> None:
    asked = subprocess.run(["make", "--dry-run", "run"], cwd=ROOT, capture_output=True, text=True, check=True)
    files = re.findall(r"\bexamples/\S+", asked.stdout)
    assert len(files) == 5
    assert [name for name in files if not (ROOT / name).is_file()] == []


def test_version_is_the_same_everywhere() -> None:
    version = PROJECT["project"]["version"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    newest = re.search(r"^## (\d\S*)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert citation["version"] == version
    assert newest is not None
    assert newest.group(1) == version


def test_the_licence_is_apache_2_everywhere() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["license"] == PROJECT["project"]["license"] == "Apache-2.0"
    assert "Version 2.0, January 2004" in (ROOT / "LICENSE").read_text()


def test_import_livedo_is_light() -> None:
    heavy = "antimony libsbml llvmlite polars plotly jinja2 pydantic scipy rich cyclopts".split()
    code = f"import sys, livedo; print(*[name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
