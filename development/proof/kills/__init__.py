"""Kills the service at critical points, while clients record their calls and the responses.

``failpoints`` define where the process ends, ``service`` runs it with them, ``clients`` call it, ``ledger`` records the
calls. ``checker`` compares the ledger with the database: no acknowledged change is lost, and no change is partial.
"""
