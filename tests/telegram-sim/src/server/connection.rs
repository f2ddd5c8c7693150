//! Connections that a handler can cut: a request answered by nothing at all.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// A listener whose connections can be cut.
pub struct Closable(pub TcpListener);

/// Cuts the connection a request came on.
#[derive(Debug, Clone, Default)]
pub struct Handle(Arc<AtomicBool>);

impl Handle {
    /// From now on nothing more is written: the answer in the making is lost and the connection closed.
    pub fn cut(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

pub struct Stream {
    inner: TcpStream,
    handle: Handle,
}

impl Stream {
    fn intact(&mut self) -> io::Result<Pin<&mut TcpStream>> {
        if self.handle.0.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        Ok(Pin::new(&mut self.inner))
    }
}

impl Listener for Closable {
    type Io = Stream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Stream, SocketAddr) {
        let (inner, address) = Listener::accept(&mut self.0).await;
        // Small answers to small questions: waiting to fill packets would only slow the tests.
        inner.set_nodelay(true).unwrap_or_default();
        (Stream { inner, handle: Handle::default() }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

impl Connected<IncomingStream<'_, Closable>> for Handle {
    fn connect_info(stream: IncomingStream<'_, Closable>) -> Self {
        stream.io().handle.clone()
    }
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.intact()?.poll_read(cx, buf)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.intact()?.poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.intact()?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
