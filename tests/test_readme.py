"""README keeps its promises: every snippet runs, the transcript is what comes out, every command exists."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
CONSOLE = [block for language, block in BLOCKS if language == "console"]
CLAIMS = f"{sys.executable} -c 'from claims.cli import main; main()'"


def run(command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    # "claims" as a word of its own, not in a path
    command = re.sub(r"(?<![\w/.-])claims(?= )", lambda _: CLAIMS, command)
    return subprocess.run(["bash", "-c", command], cwd=cwd, capture_output=True, text=True, check=False)


def without_figures(text: str) -> list[str]:
    """Lines without percentages and bars: their last digit may differ from processor to processor."""
    return [re.sub(r"[\d.]+ ?%|0\.\d+|[█░]+", "…", line).rstrip() for line in text.strip().splitlines()]


@pytest.mark.parametrize("code", [block for language, block in BLOCKS if language == "python"])
def test_python_snippet_runs(code: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)

    exec(compile(code, "README.md", "exec"), {"__name__": "readme"})

    assert capsys.readouterr().out


@pytest.mark.parametrize("block", [block for block in CONSOLE if "make" not in block])
def test_console_command_does_what_readme_shows(block: str, tmp_path: Path) -> None:
    for name in ("seeds", "claims", "models"):
        (tmp_path / name).symlink_to(ROOT / name)
    command, *output = block.splitlines()
    assert command.startswith("$ ")

    done = run(command.removeprefix("$ "), tmp_path)

    assert done.returncode in (0, 1), done.stderr
    if output:
        assert without_figures(done.stdout) == without_figures("\n".join(output))


def test_the_transcript_of_make_demo_is_what_the_command_prints() -> None:
    (block,) = [block for block in CONSOLE if block.startswith("$ make demo")]
    demo = re.search(r"^demo:.*\n\t(.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert demo

    done = run(demo[1].replace("$(BIN)/claims", "claims"), ROOT)

    shown = "\n".join(block.splitlines()[1:])
    assert without_figures(shown) == without_figures(done.stdout)


def test_every_make_target_of_readme_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()

    for target in set(re.findall(r"make (\w+)", "\n".join(re.findall(r"`(make \w+)`", README) + CONSOLE))):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
