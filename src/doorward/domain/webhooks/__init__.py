"""Webhooks: endpoints of other systems that are told of events, by the Standard Webhooks convention."""
