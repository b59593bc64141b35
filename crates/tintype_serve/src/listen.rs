//! Listening until the program is told to stop.

use axum::Router;
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// Serves `router` at `address` until Ctrl-C or SIGTERM, then finishes what is in progress. `ready` is told where it listens.
///
/// # Errors
/// Words, if it cannot listen there.
pub fn run(address: SocketAddr, router: Router, ready: impl FnOnce(SocketAddr)) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|error| format!("cannot start threads: {error}"))?;
    runtime.block_on(async {
        let listener = TcpListener::bind(address)
            .await
            .map_err(|error| format!("cannot listen at {address}: {error}"))?;
        ready(listener.local_addr().map_err(|error| error.to_string())?);
        axum::serve(listener, router)
            .with_graceful_shutdown(stop())
            .await
            .map_err(|error| error.to_string())
    })
}

#[cfg(unix)]
async fn stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut end) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = end.recv() => {}
    }
}

#[cfg(not(unix))]
async fn stop() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}
