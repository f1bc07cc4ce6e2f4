"""The stored secrets of second factors: their encryption keys, and their export."""

import secrets
from uuid import UUID

from doorward.domain.mfa.models import sealing_context
from doorward.domain.mfa.resealing import TotpResealing
from doorward.infrastructure.sealing import AesGcmSealer
from doorward.wiring.keys import sealing_keys
from tests.integration.accounts.own_account import ACCOUNT, signed_in
from tests.integration.mfa.protected import Protected
from tests.integration.service import MakeService, Service, is_problem


def sealed(service: Service, user_id: str) -> bytes:
    return bytes(service.sql("SELECT sealed_secret FROM totp_factors WHERE user_id = %s", user_id)[0]["sealed_secret"])


async def test_secrets_are_encrypted_again_and_codes_stay_valid(service_alone: Service) -> None:
    enrolled = [await Protected.enrolled(await signed_in(service_alone)) for _ in range(3)]
    old, new = sealing_keys(service_alone.settings.keys), secrets.token_bytes(32)
    lost = AesGcmSealer([secrets.token_bytes(32)]).seal(b"x" * 20, context=sealing_context(UUID(int=0)))
    service_alone.sql("UPDATE totp_factors SET sealed_secret = %s WHERE user_id = %s", lost, enrolled[2].person.id)
    resealing = TotpResealing(database=service_alone.database, sealer=AesGcmSealer([new, *old]), rows_per_batch=2)
    assert await resealing.reseal() == (2, 1)
    assert await resealing.reseal() == (0, 1)
    for each in enrolled[:2]:
        opened = AesGcmSealer([new]).open(
            sealed(service_alone, each.person.id), context=sealing_context(UUID(each.person.id))
        )
        assert opened == each.application.byte_secret()


async def test_codes_of_an_undecryptable_secret_are_refused_and_recovery_codes_stay_valid(protected: Protected) -> None:
    service, moved = protected.service, await Protected.enrolled(await signed_in(protected.service))
    foreign = sealed(service, moved.person.id)
    service.sql("UPDATE totp_factors SET sealed_secret = %s WHERE user_id = %s", foreign, protected.person.id)
    answer = await protected.post_code(await protected.mfa_token(), moved.code())
    assert is_problem(answer, 403, "invalid_second_factor")
    assert (await protected.post_recovery_code(await protected.mfa_token(), protected.codes[0])).status_code == 200


async def test_the_export_contains_the_factor_and_no_secret(protected: Protected) -> None:
    answer = await protected.call("POST", f"{ACCOUNT}/export")
    (factor,) = answer.json()["factors"]
    assert (factor["kind"], set(factor)) == ("totp", {"id", "kind", "created_at"})
    assert protected.application.secret not in answer.text
    assert not [code for code in protected.codes if code in answer.text]


async def test_codes_stay_valid_after_a_change_of_the_secret_key_with_the_previous_one_set(
    make_service: MakeService, protected: Protected
) -> None:
    previous = protected.service.settings.keys.secret_key.get_secret_value()
    changed = await make_service(secret_key=secrets.token_urlsafe(48), secret_key_previous=previous)
    moved = Protected(changed, protected.person, protected.pair, protected.application, protected.codes)
    assert (await moved.post_code(await moved.mfa_token(), moved.code())).status_code == 200
    assert (await moved.post_recovery_code(await moved.mfa_token(), moved.codes[0])).status_code == 200
