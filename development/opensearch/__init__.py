"""A real OpenSearch for the indexer example, from JAR files that Maven downloads."""
