"""`python -m development.traefik`: build it, where it is not built yet."""

from development.traefik.program import install

if __name__ == "__main__":
    print(f"Traefik is built: {install()}")
