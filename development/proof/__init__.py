"""Proofs that take longer than a test run may: `docs/assurance.md` says what each holds and how to run it."""
