"""`python -m service.kernels`: compiles every kernel that is not in the cache yet, so that no job waits for the compiler."""

from core.nn.engine import warm_up

if __name__ == "__main__":
    warm_up()
