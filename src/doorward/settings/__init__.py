"""Every setting: one module a topic, the loading, the sources, and the checks."""
