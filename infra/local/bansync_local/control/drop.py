"""A connection that ends without an answer, as when a network or a server goes away."""


class Dropped(Exception):
    """The request at hand gets no answer."""


def close_connection(send) -> None:
    """Reset the connection that `send` writes to.

    ASGI has no word for this, so it goes through the server: HTTPStream.app_send → H11Protocol.stream_send →
    TCPServer.protocol_send, whose writer has the socket.
    """
    stream = send.__self__
    server = stream.send.__self__.send.__self__
    server.writer.transport.abort()
