"""Faults of one line each in the device authorization grant, and what an attacker gains by each."""

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
        "an attacker with a device code gets sessions until it expires",
    ),
    Fault(
        DEVICES_SQL,
        "            WHERE oauth_devices.user_code_hmac = ANY(%(hmacs)s)\n"
        "              AND oauth_devices.status = 'pending'\n",
        "            WHERE oauth_devices.user_code_hmac = ANY(%(hmacs)s)\n",
        "a denied device can be approved by anyone who reads its code on the screen",
    ),
    Fault(
        POLL,
        "    if device.client_id != client_id:\n        return PollAnswer.INVALID\n",
        "",
        "another application can get the session of a device",
    ),
    Fault(
        POLL,
        "    if now >= device.expires_at:\n",
        "    if now > device.expires_at:\n",
        "a device gets a session at the moment of its expiry",
    ),
    Fault(
        POLL,
        "    if device.is_early:\n        return PollAnswer.SLOW_DOWN\n",
        "",
        "a device can poll without a limit",
    ),
    Fault(
        CONSENTS,
        "            await devices.remove_devices_of_user(connection, user_id, client_id)\n",
        "",
        "a device gets its session after the withdrawal of consent",
    ),
)
