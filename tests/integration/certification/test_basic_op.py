"""The plan Basic OP: oidcc-basic-certification-test-plan."""

from tests.integration.certification.request_modules import (
    IgnoredModules,
    PromptModules,
    RefusedModules,
)
from tests.integration.certification.response_modules import (
    IdTokenModules,
    ResponseModules,
    ScopeModules,
    UserInfoModules,
)


class TestBasicOp(
    ResponseModules, IdTokenModules, UserInfoModules, ScopeModules, PromptModules, IgnoredModules, RefusedModules
):
    mode = None
    """The response parameters are in the query."""
