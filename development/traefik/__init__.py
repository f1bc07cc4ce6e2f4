"""Builds Traefik, so that the tests can run its files of deploy/proxies. It needs Go 1.26 and its module proxy.

The program goes below .development/traefik. Nothing of this is needed by the service or by the tests that a change has
to pass: where it is not built, its tests are skipped and say so.
"""
