"""Request and response bodies. Request bodies with unknown members are refused."""
