"""The plan Form Post OP: oidcc-formpost-basic-certification-test-plan. Answers come by a form, not in a query."""

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


class TestFormPostOp(
    ResponseModules, IdTokenModules, UserInfoModules, ScopeModules, PromptModules, IgnoredModules, RefusedModules
):
    mode = "form_post"
