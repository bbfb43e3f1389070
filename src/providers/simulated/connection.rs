//! Connections that can be cut from within a request.
//!
//! A server that means to answer cannot be made to hang up by its framework;
//! so the stream under it refuses to carry the answer, and the framework gives
//! the connection up. The client sees what it would see of a server that died:
//! the connection closes and not one byte has come.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use axum::{
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};

/// The handle by which a request cuts its own connection: how many more bytes
/// it will carry.
#[derive(Clone)]
pub(super) struct Line(Arc<AtomicUsize>);

const UNLIMITED: usize = usize::MAX;

impl Line {
    /// Nothing more is written to the connection; it closes at once.
    pub(super) fn cut(&self) {
        self.cut_after(0);
    }

    /// The connection closes once it has carried this many more bytes.
    pub(super) fn cut_after(&self, bytes: usize) {
        self.0.store(bytes, Ordering::SeqCst);
    }

    fn left(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    fn carried(&self, bytes: usize) {
        if self.left() != UNLIMITED {
            self.0.fetch_sub(bytes, Ordering::SeqCst);
        }
    }
}

impl Connected<IncomingStream<'_, CuttableListener>> for Line {
    fn connect_info(stream: IncomingStream<'_, CuttableListener>) -> Line {
        stream.io().line.clone()
    }
}

pub(super) struct CuttableListener {
    listener: TcpListener,
}

impl CuttableListener {
    pub(super) fn new(listener: TcpListener) -> CuttableListener {
        CuttableListener { listener }
    }
}

impl Listener for CuttableListener {
    type Io = CuttableStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (CuttableStream, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.listener).await;
        // Without it small answers wait for an acknowledgement; with a failure
        // here the connection is as broken as any read will tell.
        drop(stream.set_nodelay(true));
        let line = Line(Arc::new(AtomicUsize::new(UNLIMITED)));
        (CuttableStream { stream, line }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

pub(super) struct CuttableStream {
    stream: TcpStream,
    line: Line,
}

impl AsyncRead for CuttableStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for CuttableStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let most = self.line.left().min(bytes.len());
        if most == 0 && !bytes.is_empty() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        let written = Pin::new(&mut self.stream).poll_write(context, &bytes[..most]);
        if let Poll::Ready(Ok(count)) = written {
            self.line.carried(count);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
