"""A connection that ends without an answer, as when a network or a server goes away."""


class Dropped(Exception):
    """The request at hand gets no answer."""


def close_connection(send) -> None:
    """Reset the connection that `send` writes to.

    ASGI has no word for this, so it goes through the server: `send` is a method of uvicorn's RequestResponseCycle.
    """
    send.__self__.transport.abort()
