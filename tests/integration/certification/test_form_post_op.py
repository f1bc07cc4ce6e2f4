"""The plan Form Post OP: oidcc-formpost-basic-certification-test-plan. Responses are sent by a form."""

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
