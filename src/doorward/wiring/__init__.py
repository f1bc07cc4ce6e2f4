"""The composition root: builds every object and passes its dependencies."""
