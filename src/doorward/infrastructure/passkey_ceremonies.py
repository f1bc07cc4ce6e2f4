"""Verifies the responses of authenticators with py_webauthn. Needs the extra ``doorward[passkeys]``."""

from collections.abc import Callable
from typing import Final, TypeVar

from webauthn import verify_authentication_response, verify_registration_response
from webauthn.helpers import (
    bytes_to_base64url,
    decode_credential_public_key,
    decoded_public_key_to_cryptography,
    parse_attestation_object,
    parse_cbor,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.decode_credential_public_key import DecodedRSAPublicKey
from webauthn.helpers.structs import (
    AttestationFormat,
    AuthenticationCredential,
    AuthenticatorAssertionResponse,
    AuthenticatorAttestationResponse,
    CredentialDeviceType,
    RegistrationCredential,
)

from doorward.domain.passkeys.models import (
    Assertion,
    AssertionResponse,
    CreatedCredential,
    CreationResponse,
    RelyingParty,
)
from doorward.domain.passkeys.policy import ALGORITHMS, LONGEST_CREDENTIAL_ID
from doorward.domain.passkeys.ports import CeremonyFailedError
from doorward.infrastructure.authenticator_cbor import check_authenticator_data, check_cbor

VerifiedT = TypeVar("VerifiedT")

_ALGORITHMS: Final = [COSEAlgorithmIdentifier(each) for each in ALGORITHMS]
_FORMATS: Final = (AttestationFormat.NONE, AttestationFormat.PACKED)
"""No attestation is requested. Browsers then send none, or pass on an attestation signed by the new key itself."""
_LONGEST_MODULUS, _LONGEST_EXPONENT = 512, 4
"""Maximum bytes of an RSA key: a longer exponent would make each verification slow."""


class WebAuthnCeremonies:
    """The ceremonies of Web Authentication Level 3."""

    def verify_creation(
        self, response: CreationResponse, *, challenge: bytes, relying_party: RelyingParty
    ) -> CreatedCredential:
        """Return the credential that was made for the challenge. Raises ``CeremonyFailedError``."""
        return _guarded(lambda: _verify_creation(response, challenge, relying_party))

    def verify_assertion(
        self,
        response: AssertionResponse,
        *,
        challenge: bytes,
        relying_party: RelyingParty,
        public_key: bytes,
        requires_user_verification: bool,
    ) -> Assertion:
        """Return the assertion that was signed over the challenge. Raises ``CeremonyFailedError``."""
        check_authenticator_data(response.authenticator_data)
        verified = _guarded(
            lambda: verify_authentication_response(
                credential=AuthenticationCredential(
                    id=bytes_to_base64url(response.credential_id),
                    raw_id=response.credential_id,
                    response=AuthenticatorAssertionResponse(
                        client_data_json=response.client_data,
                        authenticator_data=response.authenticator_data,
                        signature=response.signature,
                        user_handle=response.user_handle,
                    ),
                ),
                expected_challenge=challenge,
                expected_rp_id=relying_party.id,
                expected_origin=relying_party.origin,
                credential_public_key=public_key,
                # 0, so that the library accepts a counter that went back: the caller then suspends the passkey.
                credential_current_sign_count=0,
                require_user_verification=requires_user_verification,
            )
        )
        return Assertion(
            sign_count=verified.new_sign_count,
            is_user_verified=verified.user_verified,
            is_backup_eligible=verified.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
            is_backed_up=verified.credential_backed_up,
        )


def _verify_creation(response: CreationResponse, challenge: bytes, relying_party: RelyingParty) -> CreatedCredential:
    check_cbor(response.attestation_object)
    check_authenticator_data(parse_cbor(response.attestation_object)["authData"])
    if parse_attestation_object(response.attestation_object).fmt not in _FORMATS:
        raise CeremonyFailedError("The attestation has a format that was not asked for.")
    verified = verify_registration_response(
        credential=RegistrationCredential(
            id=bytes_to_base64url(response.credential_id),
            raw_id=response.credential_id,
            response=AuthenticatorAttestationResponse(
                client_data_json=response.client_data, attestation_object=response.attestation_object
            ),
        ),
        expected_challenge=challenge,
        expected_rp_id=relying_party.id,
        expected_origin=relying_party.origin,
        require_user_verification=False,
        supported_pub_key_algs=_ALGORITHMS,
    )
    if verified.credential_id != response.credential_id or len(verified.credential_id) > LONGEST_CREDENTIAL_ID:
        raise CeremonyFailedError("The credential id is not the one that was signed, or too long.")
    _check_key(verified.credential_public_key)
    return CreatedCredential(
        credential_id=verified.credential_id,
        public_key=verified.credential_public_key,
        sign_count=verified.sign_count,
        is_backup_eligible=verified.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
        is_backed_up=verified.credential_backed_up,
    )


def _check_key(public_key: bytes) -> None:
    """Refuse a key that can verify no signature, such as a point off its curve, or that would be slow to use."""
    decoded = decode_credential_public_key(public_key)
    if isinstance(decoded, DecodedRSAPublicKey) and (
        len(decoded.n) > _LONGEST_MODULUS or len(decoded.e) > _LONGEST_EXPONENT
    ):
        raise CeremonyFailedError("The RSA key is longer than any authenticator's.")
    decoded_public_key_to_cryptography(decoded)


def _guarded(verify: Callable[[], VerifiedT]) -> VerifiedT:
    """Return the library's result. Raise ``CeremonyFailedError`` for any of its exceptions.

    The library parses untrusted CBOR, JSON and keys, and raises its own exceptions, those of its parsers, of Python
    (``KeyError`` for a key without a type) and of ``cryptography``.
    """
    try:
        return verify()
    except CeremonyFailedError:
        raise
    except Exception as error:
        raise CeremonyFailedError(type(error).__name__) from error
