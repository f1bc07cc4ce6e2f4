"""Composes and sends mail. Imported only if mail is configured: it needs the extra ``doorward[mail]``."""
