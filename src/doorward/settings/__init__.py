"""Every setting: one flat model a topic, the sources that they are loaded from, and the checks."""
