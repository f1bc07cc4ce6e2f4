"""/.well-known/security.txt (RFC 9116): where to report a weakness of this service."""

from datetime import timedelta

from tests.integration.service import FakeClock, MakeService, Service

ADDRESS = "/.well-known/security.txt"
CONTACT = "mailto:security@example.com"


async def test_without_a_contact_the_file_does_not_exist(lasting_service: Service) -> None:
    answer = await lasting_service.client.get(ADDRESS)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


async def test_the_file_contains_the_contact_and_a_moving_expiry(make_service: MakeService, clock: FakeClock) -> None:
    service = await make_service(security_contact=CONTACT, public_url="https://auth.example.com")
    # From noon of 1 March to the last moment of the day, then to the next.
    for hours, expires_at in ((0, "2026-05-30"), (11.999, "2026-05-30"), (0.001, "2026-05-31")):
        clock.advance(timedelta(hours=hours))
        answer = await service.client.get(ADDRESS)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
        assert answer.text == (
            f"Contact: {CONTACT}\nExpires: {expires_at}T00:00:00Z\nCanonical: https://auth.example.com{ADDRESS}\n"
        )
    assert answer.headers["cache-control"] == "public, max-age=86400"


async def test_without_a_public_url_the_file_has_no_canonical_url(make_service: MakeService) -> None:
    service = await make_service(security_contact="https://example.com/report?kind=weakness")
    lines = (await service.client.get(ADDRESS)).text.splitlines()
    assert lines[0] == "Contact: https://example.com/report?kind=weakness"
    assert [line.partition(":")[0] for line in lines] == ["Contact", "Expires"]
