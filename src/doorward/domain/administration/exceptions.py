"""The refusals of administration, one class each. The codes are part of the API."""

from doorward.core.exceptions import DomainError, Kind


class BeyondOwnScopesError(DomainError):
    """The target's scopes, before or after the change, exceed those of the caller."""

    kind = Kind.FORBIDDEN
    code = "beyond_own_scopes"
    detail = "This would reach beyond your own rights: the roles that it concerns give more than yours do."


class RoleNotFoundError(DomainError):
    kind = Kind.NOT_FOUND
    code = "role_not_found"
    detail = "There is no role of this name."


class RoleExistsError(DomainError):
    kind = Kind.CONFLICT
    code = "role_exists"
    detail = "There is a role of this name. Choose another, or change that one."


class BuiltInRoleError(DomainError):
    kind = Kind.CONFLICT
    code = "role_built_in"
    detail = "A built-in role stays as it is. Define a role of your own instead."


class RoleInUseError(DomainError):
    kind = Kind.CONFLICT
    code = "role_in_use"
    detail = "Users have this role, or invitations carry it. Take it from them first."


class TooManyRolesError(DomainError):
    kind = Kind.CONFLICT
    code = "too_many_roles"
    detail = "There are 100 roles, which is the limit. Remove one first."


class StaleRoleError(DomainError):
    """The role has another version than the caller expects."""

    kind = Kind.STALE
    code = "stale_role"
    detail = "The role has changed since it was read."


class InvalidRoleNameError(DomainError):
    kind = Kind.INVALID
    code = "invalid_role_name"
    detail = "A role's name has 2 to 32 characters: small letters, digits, underscore, hyphen, and a letter in front."


class InvalidRoleDescriptionError(DomainError):
    kind = Kind.INVALID
    code = "invalid_role_description"
    detail = "A role's description is one line of at most 200 visible characters."


class StaleUserError(DomainError):
    """The user has another version than the caller expects."""

    kind = Kind.STALE
    code = "stale_user"
    detail = "The user has changed since it was read."


class UserNotActiveError(DomainError):
    kind = Kind.CONFLICT
    code = "user_not_active"
    detail = "The user is deactivated or waits for deletion. Activate the user first."


class ExternalIdTakenError(DomainError):
    kind = Kind.CONFLICT
    code = "external_id_taken"
    detail = "Another user has this external id."


class InvalidExternalIdError(DomainError):
    kind = Kind.INVALID
    code = "invalid_external_id"
    detail = "An external id has 1 to 255 visible characters, and no space at either end."


class InvalidLocaleError(DomainError):
    kind = Kind.INVALID
    code = "invalid_locale"
    detail = "This is no language tag, such as en or pt-BR."


class TooManyRolesOfUserError(DomainError):
    kind = Kind.INVALID
    code = "too_many_roles_of_user"
    detail = "A user has at most 20 roles: access tokens carry them."


class QueryTooShortError(DomainError):
    """Without three letters or digits in a row, the search would read every user."""

    kind = Kind.INVALID
    code = "query_too_short"
    detail = "A part of a name or an address has at least three letters or digits in a row."


class UserQueryTooBroadError(DomainError):
    """The query reached the database's time limit."""

    kind = Kind.INVALID
    code = "query_too_broad"
    detail = "The query took longer than its time limit."


class InvitationNotFoundError(DomainError):
    kind = Kind.NOT_FOUND
    code = "invitation_not_found"
    detail = "There is no such invitation: it was accepted, replaced or revoked, or it has expired."
