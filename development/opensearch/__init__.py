"""A real OpenSearch for the example of an indexer, from jars that Maven fetches."""
