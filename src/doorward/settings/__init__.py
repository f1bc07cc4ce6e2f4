"""All settings: one flat model for each topic, the sources from which settings are loaded, and the checks."""
