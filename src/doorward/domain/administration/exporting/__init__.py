"""Export of users, in the formats that the import reads."""
