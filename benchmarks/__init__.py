"""Measurements: what calls cost beside the least that they could cost, in the same run."""
