"""Second factors as logins and sessions use them: how they are listed, checked and changed."""
