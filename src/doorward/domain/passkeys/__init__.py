"""Passkeys: credentials of WebAuthn, which sign in without a password or prove a second factor."""
