"""The outbox: messages to deliver, stored in the transaction of the change that causes them."""
