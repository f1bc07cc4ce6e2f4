"""HTML pages: server-rendered forms that call the same use cases as the API. They work without JavaScript."""
