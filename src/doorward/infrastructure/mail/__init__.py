"""Mail as it is written and sent. Imported only where mail is configured: it needs the extra ``doorward[mail]``."""
