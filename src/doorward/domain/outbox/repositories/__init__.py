"""SQL of the relay. The rest of the SQL of the outbox is in ``repository``."""
