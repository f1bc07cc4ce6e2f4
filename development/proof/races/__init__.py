"""Races over HTTP against two processes of the service on one database."""
