"""Measurements: the cost of calls, compared with the lowest possible cost in the same run."""
