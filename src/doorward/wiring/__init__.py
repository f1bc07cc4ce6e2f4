"""The composition root: builds every object and hands it what it needs."""
