"""Proofs that take too long for the test suite: `docs/assurance.md` says what each proves and how to run it."""
