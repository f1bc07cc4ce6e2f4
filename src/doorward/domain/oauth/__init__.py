"""OAuth: clients, the resources that tokens are for, and the flows by which users sign in to applications."""
