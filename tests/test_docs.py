"""The documentation's examples run: python blocks, and shell blocks marked `<!-- run -->`."""

from __future__ import annotations

import doctest
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^(?P<mark><!-- run -->\n+)?```(?P<kind>python|sh)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One fenced example of a page: `kind` is python or sh, `line` where it opens."""

    kind: str
    line: int
    code: str


def blocks(page: Path) -> list[Block]:
    """The examples of a page that are to run, in order."""
    text = page.read_text()
    return [
        Block(match["kind"], text.count("\n", 0, match.start("kind")) + 1, match["code"])
        for match in FENCE.finditer(text)
        if match["kind"] == "python" or match["mark"]
    ]


def run_python(block: Block, page: Path, names: dict[str, object]) -> None:
    name = f"{page.relative_to(ROOT)}, line {block.line}"
    if ">>>" in block.code:
        example = doctest.DocTestParser().get_doctest(block.code, names, name, str(page), block.line)
        runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
        said: list[str] = []
        runner.run(example, out=said.append, clear_globs=False)
        assert runner.failures == 0, "".join(said)
        names.update(example.globs)
    else:
        exec(compile("\n" * block.line + block.code, str(page), "exec"), names)


def run_shell(block: Block) -> None:
    """Each command of the block, its lines joined at backslashes; `livedo` is this environment's."""
    for command in block.code.replace("\\\n", " ").splitlines():
        words = shlex.split(command, comments=True)
        if not words:
            continue
        assert words[0] in {"livedo", ".venv/bin/livedo"}, f"only livedo is run from a page, not {words[0]}"
        livedo = Path(sys.executable).parent / "livedo"
        done = subprocess.run([livedo, *words[1:]], capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)], ids=lambda page: str(page.relative_to(ROOT)))
def test_examples_of_page_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "__example__"}
    for block in blocks(page):
        if block.kind == "python":
            run_python(block, page, names)
        else:
            run_shell(block)
