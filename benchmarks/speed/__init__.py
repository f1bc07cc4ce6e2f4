"""How fast the hot calls are, beside the limits of such a design and beside its peers."""
