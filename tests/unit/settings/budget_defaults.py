"""The defaults of the budgets: ordinary use does not meet them."""

from typing import Final

BUDGETS: Final[dict[str, object]] = {
    "calls_per_address": 512,
    "calls_per_user": 50,
    "db_pool_share_percent": 60,
    "password_hashes_per_address": 50,
    "rate_limit_import": "30/hour",
    "rate_limit_ipv6_site_factor": 16,
    "quota_per_owner": 100_000,
    "upload_idle_seconds": 10,
}
