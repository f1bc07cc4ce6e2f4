"""`python -m development.traefik`: build Traefik, unless it is built."""

from development.traefik.program import install

if __name__ == "__main__":
    print(f"Traefik is built: {install()}")
