"""Devices on which sessions begin: how they are recorded, and how a device is recognised later."""
