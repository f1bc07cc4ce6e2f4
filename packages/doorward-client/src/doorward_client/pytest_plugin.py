"""The fixtures of this package, which pytest finds by the entry point ``pytest11``."""
