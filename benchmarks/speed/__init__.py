"""The speed of the hot calls, compared with the limits of such a design and with peers."""
