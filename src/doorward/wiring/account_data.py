"""Build the use cases of data export and account deletion, and the task that deletes accounts, from the settings."""

from collections.abc import Sequence

from doorward.api.account_services import AccountDataServices
from doorward.core.ports import Clock
from doorward.domain.accounts.deletion import Deletion
from doorward.domain.accounts.erasure import Erasure
from doorward.domain.accounts.export import Export
from doorward.domain.accounts.ports import PersonalData
from doorward.domain.audit.personal_data import AuditData
from doorward.domain.auth.personal_data import BrowserSessionData, DeviceData, SessionData
from doorward.domain.auth.users.registration import RegistrationRules
from doorward.domain.mfa.personal_data import FactorData
from doorward.domain.oauth.consents import ConsentData
from doorward.infrastructure.postgres.database import PostgresDatabase
from doorward.infrastructure.scheduler import Task
from doorward.settings.background import BackgroundSettings
from doorward.wiring.accounts import create_passwords
from doorward.wiring.auth import create_sealed_tokens
from doorward.wiring.federation import identity_data
from doorward.wiring.foundation import Foundation
from doorward.wiring.housekeeping import clock_checked_task
from doorward.wiring.passkeys import passkey_data


def create_account_data(
    base: Foundation, rules: RegistrationRules, resources: Sequence[PersonalData]
) -> AccountDataServices:
    """Return the use cases of export and deletion. ``resources`` is the personal data in resources such as items."""
    address_detail = base.settings.tokens.client_addresses
    return AccountDataServices(
        deletion=Deletion(
            database=base.database,
            clock=base.clock,
            sealed_tokens=create_sealed_tokens(base.settings.keys),
            passwords=create_passwords(base, rules),
            mails=base.mails,
            address_detail=address_detail,
        ),
        export=Export(
            database=base.database,
            clock=base.clock,
            data=[
                SessionData(),
                BrowserSessionData(),
                DeviceData(),
                FactorData(),
                passkey_data(),
                identity_data(),
                ConsentData(),
                AuditData(),
                *resources,
            ],
            address_detail=address_detail,
        ),
    )


def erasure_task(settings: BackgroundSettings, database: PostgresDatabase, clock: Clock) -> Task:
    """Return the task that deletes accounts permanently. It deletes nothing while the clocks differ by too much."""
    erasure = Erasure(database=database, clock=clock)
    return clock_checked_task("erasure", erasure.erase, settings, database)
