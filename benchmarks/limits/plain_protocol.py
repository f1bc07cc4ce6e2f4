"""The service on uvicorn's own protocol, without the bounds of `server/`: `plain_protocol.py PORT`."""

import sys

import uvicorn

from doorward.core.config import load_settings
from doorward.server.listening import listening
from doorward.server.serving import server_config


def main() -> None:
    """Serve until a signal ends it."""
    config = server_config(load_settings(), reload=False, protocol="httptools")
    with listening("127.0.0.1", int(sys.argv[1])) as listener:
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
