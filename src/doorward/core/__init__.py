"""Vocabulary shared by all layers. Imports nothing else of ours, no web framework, no driver."""
