"""Value classes do not show secrets in their ``repr``, which a traceback or a log line may contain."""

import ast
import re
from typing import Final

from tests.architecture.sources import at, source_modules, tree_of

SECRET: Final = re.compile(
    r"(?:\w+_)?(?:secret|password|password_hash|stored_hash|upgraded_hash|token|codes?|cookie|code_mac)"
)
TEXT: Final = re.compile(r"(?:str|bytes|Sequence\[str\])(?: \| None)?")
NO_SECRETS: Final = re.compile(r"\w*ImportRefused\.code|InputError\.code")
"""Codes of errors: of each domain with an import, also of one made from that of items."""

OTHER_NAMES: Final = {
    ("IssuedToken", "text"),
    ("MailedSecret", "text"),
    ("Enrolment", "uri"),
    ("SealedToken", "content"),
    ("PresentedProof", "text"),
    ("PresentedAssertion", "text"),
    ("StoredPasswords", "of_active"),
    ("StoredPasswords", "of_restorable"),
}
"""Fields with secrets whose names do not say so."""


def secret_fields() -> dict[tuple[str, str], tuple[str, bool]]:
    """Return the position of each field that contains a secret, and whether ``repr`` shows it."""
    found = {}
    for path in source_modules():
        for value_class in ast.walk(tree_of(path)):
            if not isinstance(value_class, ast.ClassDef) or not is_value_class(value_class):
                continue
            for node in value_class.body:
                if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                    name = (value_class.name, node.target.id)
                    is_named = SECRET.fullmatch(node.target.id) and TEXT.fullmatch(ast.unparse(node.annotation))
                    if is_named or name in OTHER_NAMES:
                        found[name] = (at(path, node), not hides(node.value))
    return found


def is_value_class(node: ast.ClassDef) -> bool:
    return any(ast.unparse(each).partition("(")[0] in {"frozen", "dataclass"} for each in node.decorator_list)


def hides(default: ast.expr | None) -> bool:
    return isinstance(default, ast.Call) and "repr=False" in ast.unparse(default)


def test_value_classes_do_not_show_secrets() -> None:
    fields = secret_fields()
    shown = {
        name: place
        for name, (place, is_shown) in fields.items()
        if is_shown and not NO_SECRETS.fullmatch(".".join(name))
    }
    assert fields.keys() >= {("TokenPair", "refresh_token"), *OTHER_NAMES}
    assert not shown, "write `= field(repr=False)`"
