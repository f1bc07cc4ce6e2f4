"""Sessions against a model: random walks of people, tokens, keys and time through the real use cases.

``expectation`` says what must be, without a database; ``world`` is the product; ``walk`` has the steps; ``checks`` is
what must hold after each of them; ``faults`` plants errors in a copy of the product, which the walks must find.
"""
