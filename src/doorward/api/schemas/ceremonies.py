"""JSON that browsers exchange in WebAuthn ceremonies (Web Authentication Level 3 section 5.1)."""

import base64
import binascii
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from doorward.api.schemas.requests import leave_out_defaults
from doorward.domain.passkeys.models import (
    AssertionResponse,
    CreationOptions,
    CreationResponse,
    Passkey,
    RequestOptions,
)
from doorward.domain.passkeys.policy import ALGORITHMS

BASE64URL: Final = r"^[A-Za-z0-9_-]*$"
EXAMPLE_ID: Final = "xRr4zCGOZv0dyDVmuAuxYQ"
_BYTES: Final = "AQIDBAUGBwgJCgsMDQ4PEA"


def encoded(content: bytes) -> str:
    """Return base64url without padding (RFC 4648 section 5)."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """Return the bytes of base64url without padding. Raises ``ValueError``."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("must be base64url without padding") from error


def _check_encoded(text: str) -> str:
    decoded(text)
    return text


# Browsers forward the data of authenticators. Each limit is several times the largest known value.
_CHECKED: Final = AfterValidator(_check_encoded)
_CredentialId = Annotated[str, Field(min_length=1, max_length=1364, pattern=BASE64URL, examples=[EXAMPLE_ID]), _CHECKED]
_ClientData = Annotated[str, Field(max_length=8192, pattern=BASE64URL, examples=[_BYTES]), _CHECKED]
_AttestationObject = Annotated[str, Field(max_length=16_384, pattern=BASE64URL, examples=[_BYTES]), _CHECKED]
_AuthenticatorData = Annotated[str, Field(max_length=4096, pattern=BASE64URL, examples=[_BYTES]), _CHECKED]
_Signature = Annotated[str, Field(max_length=2048, pattern=BASE64URL, examples=[_BYTES]), _CHECKED]
_UserHandle = Annotated[str, Field(max_length=88, pattern=BASE64URL, examples=[_BYTES]), _CHECKED]


class _BrowserJson(BaseModel):
    """JSON written by a browser (``toJSON``). Members of later versions of the standard are ignored."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_alias=True,
        validate_by_name=False,
        serialize_by_alias=True,
        hide_input_in_errors=True,
        json_schema_extra=leave_out_defaults,
    )


class _CredentialJson(_BrowserJson):
    """The members that both ceremonies return."""

    id: _CredentialId
    raw_id: _CredentialId
    type: Literal["public-key"]

    @model_validator(mode="after")
    def _one_id(self) -> Self:
        if self.id != self.raw_id:
            raise ValueError("id and rawId must be the same")
        return self


class AttestationJson(_BrowserJson):
    """The response of a new credential."""

    client_data_json: _ClientData = Field(alias="clientDataJSON")
    attestation_object: _AttestationObject
    transports: list[Annotated[str, Field(max_length=64)]] = Field([], max_length=16, examples=[["internal"]])


class RegistrationJson(_CredentialJson):
    """A new credential: the `toJSON()` of the result of `navigator.credentials.create()`."""

    response: AttestationJson

    def decoded(self) -> CreationResponse:
        """Return the response with its members decoded to bytes."""
        return CreationResponse(
            credential_id=decoded(self.raw_id),
            client_data=decoded(self.response.client_data_json),
            attestation_object=decoded(self.response.attestation_object),
            transports=self.response.transports,
        )


class AssertionJson(_BrowserJson):
    """The signed response of a credential."""

    client_data_json: _ClientData = Field(alias="clientDataJSON")
    authenticator_data: _AuthenticatorData
    signature: _Signature
    user_handle: _UserHandle | None = None


class AuthenticationJson(_CredentialJson):
    """A signature: the `toJSON()` of the result of `navigator.credentials.get()`."""

    response: AssertionJson

    def decoded(self) -> AssertionResponse:
        """Return the response with its members decoded to bytes. An empty user handle becomes None."""
        handle = self.response.user_handle
        return AssertionResponse(
            credential_id=decoded(self.raw_id),
            client_data=decoded(self.response.client_data_json),
            authenticator_data=decoded(self.response.authenticator_data),
            signature=decoded(self.response.signature),
            user_handle=decoded(handle) if handle else None,
        )


class RelyingPartyJson(_BrowserJson):
    """The service as a WebAuthn relying party."""

    id: str
    name: str


class UserJson(_BrowserJson):
    """The account, as authenticators show it."""

    id: str
    name: str
    display_name: str


class ParametersJson(_BrowserJson):
    """An accepted signature algorithm (COSE)."""

    type: Literal["public-key"] = "public-key"
    alg: int


class DescriptorJson(_BrowserJson):
    """A registered credential."""

    type: Literal["public-key"] = "public-key"
    id: str
    transports: list[str]


class SelectionJson(_BrowserJson):
    """Requirements for the authenticator."""

    resident_key: Literal["required"] = "required"
    require_resident_key: Literal[True] = True
    user_verification: Literal["preferred"] = "preferred"


class CreationOptionsResponse(_BrowserJson):
    """The argument of `PublicKeyCredential.parseCreationOptionsFromJSON()`, for `navigator.credentials.create()`."""

    rp: RelyingPartyJson
    user: UserJson
    challenge: str
    pub_key_cred_params: list[ParametersJson]
    timeout: int = Field(description="Milliseconds.", examples=[300_000])
    exclude_credentials: list[DescriptorJson]
    authenticator_selection: SelectionJson
    attestation: Literal["none"] = "none"

    @classmethod
    def of(cls, options: CreationOptions) -> Self:
        """Return the body for these options."""
        return cls(
            rp=RelyingPartyJson(id=options.relying_party.id, name=options.relying_party.name),
            user=UserJson(
                id=encoded(options.user_handle), name=options.user_name, displayName=options.user_display_name
            ),
            challenge=encoded(options.challenge),
            pubKeyCredParams=[ParametersJson(alg=each) for each in ALGORITHMS],
            timeout=options.timeout_milliseconds,
            excludeCredentials=[_descriptor(each) for each in options.excluded],
            authenticatorSelection=SelectionJson(),
        )


class RequestOptionsResponse(_BrowserJson):
    """The argument of `PublicKeyCredential.parseRequestOptionsFromJSON()`, for `navigator.credentials.get()`."""

    challenge: str
    timeout: int = Field(description="Milliseconds.", examples=[300_000])
    rp_id: str
    allow_credentials: list[DescriptorJson] = Field(description="Empty: the user can choose any.")
    user_verification: Literal["required", "preferred"]

    @classmethod
    def of(cls, options: RequestOptions) -> Self:
        """Return the body for these options."""
        return cls(
            challenge=encoded(options.challenge),
            timeout=options.timeout_milliseconds,
            rpId=options.relying_party_id,
            allowCredentials=[_descriptor(each) for each in options.allowed],
            userVerification="required" if options.requires_user_verification else "preferred",
        )


def _descriptor(passkey: Passkey) -> DescriptorJson:
    return DescriptorJson(id=encoded(passkey.credential_id), transports=list(passkey.transports))
