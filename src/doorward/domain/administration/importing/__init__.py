"""Import of users: a reader for each file format, the rules for each user, and the use case."""
