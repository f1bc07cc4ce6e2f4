"""A software authenticator's responses in either ceremony, and their verification."""

import secrets
from typing import Any, Final

from development.authenticator import Authenticator, decode, encode
from doorward.domain.passkeys.models import AssertionResponse, CreatedCredential, CreationResponse, RelyingParty
from doorward.infrastructure.passkey_ceremonies import WebAuthnCeremonies

RELYING_PARTY: Final = RelyingParty("auth.example.com", "doorward", "https://auth.example.com:8443")
CHALLENGE: Final = secrets.token_bytes(32)
CEREMONIES: Final = WebAuthnCeremonies()


def creation_of(sent: dict[str, Any]) -> CreationResponse:
    response = sent["response"]
    return CreationResponse(
        credential_id=decode(sent["rawId"]),
        client_data=decode(response["clientDataJSON"]),
        attestation_object=decode(response["attestationObject"]),
        transports=response["transports"],
    )


def assertion_of(sent: dict[str, Any]) -> AssertionResponse:
    response = sent["response"]
    return AssertionResponse(
        credential_id=decode(sent["rawId"]),
        client_data=decode(response["clientDataJSON"]),
        authenticator_data=decode(response["authenticatorData"]),
        signature=decode(response["signature"]),
        user_handle=decode(response["userHandle"]),
    )


def create(
    authenticator: Authenticator, *, challenge: bytes = CHALLENGE, relying_party: str = RELYING_PARTY.id
) -> CreationResponse:
    options = {"rp": {"id": relying_party}, "user": {"id": encode(b"user")}, "challenge": encode(challenge)}
    return creation_of(authenticator.create(options))


def get(authenticator: Authenticator, challenge: bytes = CHALLENGE) -> AssertionResponse:
    return assertion_of(authenticator.get({"challenge": encode(challenge)}))


def verify_creation(response: CreationResponse) -> CreatedCredential:
    return CEREMONIES.verify_creation(response, challenge=CHALLENGE, relying_party=RELYING_PARTY)


def verify_assertion(response: AssertionResponse, created: CreatedCredential, *, requires: bool = True) -> int:
    assertion = CEREMONIES.verify_assertion(
        response,
        challenge=CHALLENGE,
        relying_party=RELYING_PARTY,
        public_key=created.public_key,
        requires_user_verification=requires,
    )
    return assertion.sign_count


SIGNER: Final = Authenticator(RELYING_PARTY.origin)
MADE: Final = create(SIGNER)
STORED: Final = verify_creation(MADE)
SIGNED: Final = get(SIGNER)
