"""Compiled templates are stored beside their sources, and each is used only for its source."""

import stat
import sys
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader
from jinja2.bccache import Bucket

from doorward.infrastructure.template_cache import COMPILED, TemplateCache


class CountedTemplates(TemplateCache):
    """Count the templates that are compiled; each is stored afterwards."""

    compiled = 0

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.compiled += 1
        super().dump_bytecode(bucket)


class Start:
    """The page that one start of the service renders, and the number of templates that it compiles."""

    def __init__(self, folder: Path) -> None:
        templates = CountedTemplates(folder)
        environment = Environment(loader=FileSystemLoader(folder), bytecode_cache=templates, autoescape=True)
        self.page = environment.get_template("page.html").render()
        self.compiled = templates.compiled


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    (tmp_path / "page.html").write_text("one", encoding="utf-8")
    return tmp_path


def stored(folder: Path) -> list[Path]:
    return list((folder / COMPILED).glob("*"))


def test_only_the_first_start_compiles(folder: Path) -> None:
    first, second = Start(folder), Start(folder)
    assert (first.page, first.compiled, second.page, second.compiled) == ("one", 1, "one", 0)
    assert [stat.filemode(file.stat().st_mode) for file in stored(folder)] == ["-rw-r--r--"]


def test_a_changed_template_is_compiled_and_replaces_the_stored_one(folder: Path) -> None:
    Start(folder)
    (folder / "page.html").write_text("two", encoding="utf-8")
    assert [(start.page, start.compiled) for start in (Start(folder), Start(folder))] == [("two", 1), ("two", 0)]
    assert len(stored(folder)) == 1


@pytest.mark.parametrize("left", [0, 10, 60, -1])
def test_a_truncated_template_is_compiled_again(folder: Path, left: int) -> None:
    Start(folder)
    (file,) = stored(folder)
    file.write_bytes(file.read_bytes()[:left])
    assert [(start.page, start.compiled) for start in (Start(folder), Start(folder))] == [("one", 1), ("one", 0)]


def test_each_start_compiles_if_nothing_can_be_stored(folder: Path) -> None:
    (folder / COMPILED).write_text("no folder", encoding="utf-8")
    assert [(start.page, start.compiled) for start in (Start(folder), Start(folder))] == [("one", 1), ("one", 1)]


def test_without_bytecode_files_no_compiled_templates_are_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    Start(folder)
    assert stored(folder) == []
