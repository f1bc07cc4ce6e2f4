"""Lists of users, at several sizes."""
