"""The service on uvicorn's own protocol, without the limits of `server/`: `plain_protocol.py PORT`."""

import sys

import uvicorn

from doorward.server.listening import listening
from doorward.server.serving import application_to_serve, server_config
from doorward.settings.config import load_settings


def main() -> None:
    """Serve until a signal stops the process."""
    settings = load_settings()
    config = server_config(application_to_serve(settings, reload=False), settings.server, "httptools", reload=False)
    with listening("127.0.0.1", int(sys.argv[1])) as listener:
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
