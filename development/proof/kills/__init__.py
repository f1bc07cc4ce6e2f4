"""The service, killed at the worst moments, while clients write down what they meant and what they were told.

``failpoints`` are where it dies, ``service`` runs it with them, ``clients`` are who uses it, ``ledger`` is what they
write, ``checker`` proves from that and from what is stored that nothing acknowledged is lost and nothing half-done.
"""
