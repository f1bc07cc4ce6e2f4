"""Builds Traefik, so that the tests can run the files of deploy/proxies. It needs Go 1.26 and the Go module proxy.

The program goes below .development/traefik. Neither the service nor the tests required for a change need it: if it is
not built, its tests are skipped with a message.
"""
