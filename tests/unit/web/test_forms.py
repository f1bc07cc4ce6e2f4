from doorward.api.bodies import MAXIMUM_FORM_FIELDS
from doorward.domain.auth.scopes import AdminScope
from doorward.web.admin.forms import ChangeRoleForm


def test_a_role_with_every_scope_fits_in_a_form_also_after_more_scopes_are_added() -> None:
    assert len(ChangeRoleForm.model_fields) + len(AdminScope) <= MAXIMUM_FORM_FIELDS - 5
