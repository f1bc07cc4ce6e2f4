"""The defaults of the budgets, which ordinary use does not meet, and of mail, which is off."""

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

MAIL: Final[dict[str, object]] = {
    "encryption_keys": (),
    "email_from": None,
    "smtp_host": None,
    "smtp_port": None,
    "smtp_username": None,
    "smtp_password": None,
    "smtp_tls": "starttls",
    "mail_templates_folder": None,
    "mail_development_folder": None,
}

OTHERS_OF_MAIL: Final = {
    "SMTP_USERNAME": "doorward",
    "SMTP_HOST": "smtp.example.com",
    "EMAIL_FROM": "accounts@example.com",
    "PUBLIC_URL": "https://auth.example.com",
}
"""What a password for mail needs beside it."""
