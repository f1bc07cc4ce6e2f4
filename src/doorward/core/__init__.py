"""Vocabulary shared by all layers. Imports no other package of this project, no web framework, no driver."""
