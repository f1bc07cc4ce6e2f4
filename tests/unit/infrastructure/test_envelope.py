"""Recipients of mails: their domain in ASCII, and one error for all unusable ones."""

import pytest

from doorward.infrastructure.mail.envelope import UnusableAddressError, recipient_address


def test_the_domain_of_a_recipient_is_ascii() -> None:
    assert recipient_address("ada@straße.example").addr_spec == "ada@xn--strae-oqa.example"


@pytest.mark.parametrize(
    "address",
    ["", "ada", "a b@example.com", "ada@ex\nample.com", "ada@.ü", "ada@ü..example", "ada@\u2028ü.example"],
)
def test_an_unusable_recipient_raises_one_class_of_error(address: str) -> None:
    with pytest.raises(UnusableAddressError):
        recipient_address(address)
