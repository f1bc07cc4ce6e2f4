"""Second factors besides passkeys: authenticator applications and recovery codes."""
