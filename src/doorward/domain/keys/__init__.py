"""The signing keys of tokens for other services, and their schedule: published, signing, retired, removed."""
