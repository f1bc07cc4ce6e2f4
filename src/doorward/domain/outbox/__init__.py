"""Messages to deliver, stored in the transaction of the change that they tell of."""
