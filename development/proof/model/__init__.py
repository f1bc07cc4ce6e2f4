"""Model-based tests of sessions: random walks of users, tokens, keys and time through the real use cases.

``expectation`` is the model, without a database; ``world`` is the product; ``walk`` has the steps; ``checks`` has the
invariants; ``faults`` plants errors in a copy of the product, which the walks must find.
"""
