"""Every refusal has its own code, status and message, and a row on the page of problems."""

import ast
import re
from pathlib import Path
from typing import Any, Final

from development.documents import leaf_classes
from doorward.api.exceptions import RequestRefusedError
from doorward.api.problems import STATUS_OF_KIND
from doorward.core.exceptions import DomainError, Kind
from tests.architecture.sources import at, source_modules, text_of, tree_of

SNAKE_CASE: Final = re.compile(r"[a-z]+(_[a-z]+)*")


def ours(root: type[Any]) -> list[type[Any]]:
    """Return the refusals that the service defines, without those of other tests."""
    return [each for each in leaf_classes(root) if each.__module__.startswith("doorward.")]


def sentences() -> dict[str, str]:
    """Return the message of each refusal by its name."""
    return {each.__name__: each.detail for each in ours(DomainError)} | {
        each.__name__: each.explanation for each in ours(RequestRefusedError)
    }


def codes() -> list[str]:
    domain: list[str] = [each.code for each in ours(DomainError)]
    request: list[str] = [each.code for each in ours(RequestRefusedError)]
    return [*domain, *request]


def test_every_refusal_defines_its_own_code_and_message() -> None:
    for each in ours(DomainError):
        assert {"code", "detail"} <= set(vars(each)), f"{each.__name__} must define its own"
    for each in ours(RequestRefusedError):
        assert {"code", "explanation"} <= set(vars(each)), f"{each.__name__} must define its own"


def test_no_refusal_inherits_the_kind_or_status_of_another_refusal() -> None:
    for each, given in [
        *((each, "kind") for each in ours(DomainError)),
        *((each, "status") for each in ours(RequestRefusedError)),
    ]:
        (source, *_) = [base for base in each.__mro__ if given in vars(base)]
        assert source is each or "code" not in vars(source), f"{each.__name__} has the {given} of {source.__name__}"


def test_refusals_with_the_same_code_have_the_same_status_and_message() -> None:
    """Two domains may have the same refusal, such as that of a file that is not CSV."""
    said: dict[str, set[object]] = {}
    for each in ours(DomainError):
        said.setdefault(each.code, set()).add((each.kind, each.detail))
    for request_refusal in ours(RequestRefusedError):
        said.setdefault(request_refusal.code, set()).add((request_refusal.status, request_refusal.explanation))
    assert len(said) > 20
    assert not {code for code, meanings in said.items() if len(meanings) > 1}


def test_no_two_refusals_of_a_domain_share_a_code() -> None:
    given = [(each.__module__, each.code) for each in ours(DomainError)]
    assert sorted(given) == sorted(set(given))


def test_codes_are_snake_case() -> None:
    assert not [code for code in codes() if not SNAKE_CASE.fullmatch(code)]


def test_every_message_is_a_full_sentence() -> None:
    unfinished = [name for name, text in sentences().items() if not text.endswith(".") or " " not in text]
    assert not unfinished, "the detail is a sentence for the caller, with a full stop"


def test_every_kind_has_a_status() -> None:
    assert set(STATUS_OF_KIND) == set(Kind)
    assert all(400 <= status < 600 for status in STATUS_OF_KIND.values())


def test_there_is_no_default_status() -> None:
    assert type(STATUS_OF_KIND) is dict
    uses = [
        (path, parent)
        for path in source_modules()
        for parent in ast.walk(tree_of(path))
        for child in ast.iter_child_nodes(parent)
        if isinstance(child, ast.Name) and child.id == "STATUS_OF_KIND" and isinstance(child.ctx, ast.Load)
    ]
    softened = [at(path, use) for path, use in uses if isinstance(use, ast.expr) and not isinstance(use, ast.Subscript)]
    assert uses
    assert not softened, "look statuses up with STATUS_OF_KIND[kind]: a kind without one must fail"


def test_only_one_module_maps_kinds_to_statuses() -> None:
    knowing = [path for path in source_modules() if "STATUS_OF_KIND" in text_of(path)]
    assert knowing == [Path("src/doorward/api/problems.py")]


def test_every_code_in_the_source_is_on_the_page_of_problems() -> None:
    page = text_of(Path("docs/problems.md"))
    written = {
        node.value.value
        for path in source_modules()
        if path.name.endswith("exceptions.py")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "code"
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    }
    assert len(written) > 10
    assert not {code for code in written if f"| `{code}` |" not in page}, "import its module where the page is made"


def test_messages_of_the_domain_mention_neither_http_nor_a_command_line() -> None:
    speaking = {
        each.__name__: each.detail
        for each in ours(DomainError)
        if re.search(r"Retry-After|ETag|Authorization|GET |POST |/api/|\w=|\?\w|--\w|\berrors lists\b", each.detail)
    }
    assert not speaking, "the sentence says what is wrong; each edge adds its own remedy"


def test_domain_and_core_contain_no_http_status() -> None:
    speaking = [
        at(path, node)
        for path in source_modules()
        if path.is_relative_to("src/doorward/domain") or path.is_relative_to("src/doorward/core")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Constant) and node.value in {400, 401, 403, 404, 409, 422, 429, 500, 503}
    ]
    assert not speaking, "a domain error has a kind; api/problems.py alone has statuses"
