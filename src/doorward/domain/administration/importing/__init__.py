"""Import of users: a reader for each format of a file, the rules for each user, and the use case."""
