"""Second factors, as far as sessions and logins know them: how they are listed, shown and changed."""
