"""The defaults of all settings; ordinary use does not meet those of the budgets, and mail is off."""

from typing import Final

from doorward.observability.scrubbing import PERSONAL_FIELDS, SECRET_FIELDS

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

DEFAULTS = {
    "environment": "production",
    "security_contact": None,
    "secret_key_previous": None,
    "public_url": None,
    "cors_allow_origins": (),
    "cors_allow_headers": (),
    "cors_allow_credentials": False,
    "allowed_hosts": (),
    "docs_enabled": True,
    "database_url": None,
    "postgres_host": "localhost",
    "postgres_port": 5432,
    "postgres_db": "doorward",
    "postgres_user": "doorward",
    "postgres_password": None,
    "db_pool_min_conn": 1,
    "db_pool_max_conn": 10,
    "algorithm": "HS256",
    "jwt_issuer": "doorward",
    "jwt_audience": "doorward",
    "access_token_expire_minutes": 30,
    "refresh_token_expire_days": 7,
    "session_max_days": 90,
    "session_retention_days": 30,
    "audit_retention_days": 400,
    "client_addresses": "full",
    "housekeeping_interval_minutes": 60,
    "refresh_token_reuse_leeway_seconds": 0,
    "background": "in_process",
    "bcrypt_rounds": 12,
    "rate_limit_enabled": True,
    **dict.fromkeys(("rate_limit_verification_mail", "rate_limit_deletion"), "3/minute"),
    "rate_limit_export": "3/hour",
    **dict.fromkeys(("rate_limit_register", "rate_limit_account", "rate_limit_forgot"), "5/minute"),
    **dict.fromkeys(("rate_limit_token", "rate_limit_password", "rate_limit_reauthenticate"), "10/minute"),
    **dict.fromkeys(("rate_limit_reset", "rate_limit_verify", "rate_limit_restore"), "10/minute"),
    **dict.fromkeys(("rate_limit_refresh", "rate_limit_sessions"), "20/minute"),
    "db_prepare_threshold": 5,
    "db_schema": "public",
    "rate_limit_storage_timeout_ms": 100,
    "trusted_proxies": (),
    "shutdown_drain_seconds": 5,
    "web_concurrency": 1,
    "max_connections": 1000,
    "otel_exporter_otlp_endpoint": None,
    "otel_exporter_otlp_traces_endpoint": None,
    "metrics_port": 0,
    "log_level": "info",
    "aws_secrets_manager_secret_name": None,
    "aws_region": None,
    "pii_fields": (*SECRET_FIELDS, *PERSONAL_FIELDS),
}
