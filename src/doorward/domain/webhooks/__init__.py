"""Webhooks: events are sent to endpoints of other systems, by the Standard Webhooks convention."""
