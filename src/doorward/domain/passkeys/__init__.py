"""Passkeys: WebAuthn credentials, which sign in without a password or serve as a second factor."""
