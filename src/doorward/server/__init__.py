"""HTTP served by uvicorn: the listening socket, the worker processes, their start and end."""
