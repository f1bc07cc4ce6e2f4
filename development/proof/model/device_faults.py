"""Faults of one line each in the devices that people sign in to elsewhere, and what an attacker would have of them."""

from typing import Final

from development.proof.model.fault import Fault

DEVICES_SQL: Final = "domain/oauth/repositories/devices.py"
POLL: Final = "domain/oauth/device_models.py"
CONSENTS: Final = "domain/oauth/consents.py"

DEVICE_FAULTS: Final = (
    Fault(
        DEVICES_SQL,
        "            DELETE FROM oauth_devices\n            WHERE id = %(id)s\n"
        "              AND secret_hash = %(secret_hash)s\n              AND user_id = %(user_id)s\n",
        "            UPDATE oauth_devices SET id = id\n            WHERE id = %(id)s\n"
        "              AND secret_hash = %(secret_hash)s\n              AND user_id = %(user_id)s\n",
        "whoever reads a device code gets sessions for as long as it lives",
    ),
    Fault(
        DEVICES_SQL,
        "            WHERE oauth_devices.user_code_hmac = ANY(%(hmacs)s)\n"
        "              AND oauth_devices.status = 'pending'\n",
        "            WHERE oauth_devices.user_code_hmac = ANY(%(hmacs)s)\n",
        "a device that its user has denied is approved by who reads its code on the screen",
    ),
    Fault(
        POLL,
        "    if device.client_id != client_id:\n        return PollAnswer.INVALID\n",
        "",
        "another application gets the session of a device",
    ),
    Fault(
        POLL,
        "    if now >= device.expires_at:\n",
        "    if now > device.expires_at:\n",
        "a device gets a session at the very moment of its end",
    ),
    Fault(
        POLL,
        "    if device.is_early:\n        return PollAnswer.SLOW_DOWN\n",
        "",
        "a device asks as often as it likes",
    ),
    Fault(
        CONSENTS,
        "            await devices.remove_devices_of_user(connection, user_id, client_id)\n",
        "",
        "a device gets its session after its user has taken consent back",
    ),
)
