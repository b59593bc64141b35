//! What all requests share: who may ask, how many are worked on at once, what is counted.

use crate::answers::Means;
use crate::refusal::Refusal;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, StatusCode, header};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;

/// How long the body of a request may take.
const BODY_SECONDS: u64 = 60;

/// What a service may do.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The folder whose pictures are shown.
    pub root: Option<PathBuf>,
    /// What callers have to know.
    pub token: Option<String>,
    /// Whether only this machine reaches it, so that names of other machines in requests are a trick.
    pub loopback: bool,
    /// How much is taken on.
    pub bounds: Bounds,
    /// What each picture may use.
    pub means: Means,
}

/// How much a service takes on.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Larger bodies are refused.
    pub body_bytes_max: usize,
    /// Requests that are worked on at once.
    pub jobs: usize,
    /// Requests that may wait for that; more are told to come again.
    pub waiting_max: usize,
}

/// The running service.
#[derive(Debug)]
pub struct Service {
    /// What it may do.
    pub settings: Settings,
    jobs: Semaphore,
    admitted: AtomicUsize,
    /// Answers by route and status.
    answers: Mutex<BTreeMap<(String, u16), u64>>,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    work_microseconds: AtomicU64,
}

/// A place among those that are worked on or wait; given back when it is dropped.
struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Service {
    /// A service that has answered nothing yet.
    pub fn new(settings: Settings) -> Self {
        Self {
            jobs: Semaphore::new(settings.bounds.jobs.max(1)),
            settings,
            admitted: AtomicUsize::new(0),
            answers: Mutex::default(),
            bytes_in: AtomicU64::new(0),
            bytes_out: AtomicU64::new(0),
            work_microseconds: AtomicU64::new(0),
        }
    }

    /// Reads `body` and runs `work` on it, when its turn comes.
    ///
    /// # Errors
    /// `503` if too many wait already, `413` for a body that is too large, `408` for one that does not come; those of `work`.
    pub async fn work<T: Send + 'static>(
        &self,
        headers: &HeaderMap,
        body: Body,
        work: impl FnOnce(Bytes, Means) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let place = self.admitted.fetch_add(1, Ordering::Relaxed);
        let _place = Place(&self.admitted);
        if place >= self.settings.bounds.jobs + self.settings.bounds.waiting_max {
            let what = "too many requests are waiting; try again in a second";
            return Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, what));
        }
        let most = self.settings.bounds.body_bytes_max;
        let too_large = || {
            Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, format!("the body is larger than {most} bytes"))
        };
        let announced =
            headers.get(header::CONTENT_LENGTH).and_then(|n| n.to_str().ok()?.parse::<usize>().ok());
        if announced.is_some_and(|announced| announced > most) {
            return Err(too_large());
        }
        let body = tokio::time::timeout(Duration::from_secs(BODY_SECONDS), to_bytes(body, most)).await;
        let late =
            |_| Refusal::new(StatusCode::REQUEST_TIMEOUT, format!("no body within {BODY_SECONDS} s"));
        let body = body.map_err(late)?.map_err(|_| too_large())?;
        self.bytes_in.fetch_add(body.len() as u64, Ordering::Relaxed);
        let stopped = |_| Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "the service is stopping");
        let _turn = self.jobs.acquire().await.map_err(stopped)?;
        let means = self.settings.means;
        let begin = std::time::Instant::now();
        let done = tokio::task::spawn_blocking(move || work(body, means)).await;
        self.work_microseconds.fetch_add(begin.elapsed().as_micros() as u64, Ordering::Relaxed);
        done.unwrap_or_else(|_| {
            let what = "a fault of Tintype; please report it with the file";
            Err(Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, what))
        })
    }

    /// Whether the caller may ask.
    ///
    /// # Errors
    /// `401` without the token; `403` for a request to this machine under the name of another.
    pub fn admits(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if let Some(token) = &self.settings.token {
            let given = text(header::AUTHORIZATION).strip_prefix("Bearer ").unwrap_or_default();
            if !equal(given.as_bytes(), token.as_bytes()) {
                let what = "send the token: Authorization: Bearer …";
                return Err(Refusal::new(StatusCode::UNAUTHORIZED, what));
            }
        } else if self.settings.loopback && !is_this_machine(text(header::HOST)) {
            let what = format!("the service of this machine was asked as {}", text(header::HOST));
            return Err(Refusal::new(StatusCode::FORBIDDEN, what));
        }
        Ok(())
    }

    /// Counts an answer.
    pub fn count(&self, route: &str, status: StatusCode, bytes: u64) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        *answers.entry((route.to_string(), status.as_u16())).or_default() += 1;
        self.bytes_out.fetch_add(bytes, Ordering::Relaxed);
    }

    /// What was counted, as Prometheus reads it (text format 0.0.4).
    pub fn metrics(&self) -> String {
        let mut text = String::from("# TYPE tintype_requests_total counter\n");
        for ((route, status), count) in &*self.answers.lock().unwrap_or_else(PoisonError::into_inner) {
            text +=
                &format!("tintype_requests_total{{route=\"{route}\",status=\"{status}\"}} {count}\n");
        }
        let admitted = self.admitted.load(Ordering::Relaxed);
        text +=
            &format!("# TYPE tintype_requests_admitted gauge\ntintype_requests_admitted {admitted}\n");
        for (name, value) in [("in", &self.bytes_in), ("out", &self.bytes_out)] {
            let value = value.load(Ordering::Relaxed);
            text += &format!(
                "# TYPE tintype_bytes_{name}_total counter\ntintype_bytes_{name}_total {value}\n"
            );
        }
        let seconds = self.work_microseconds.load(Ordering::Relaxed) as f64 / 1e6;
        text + &format!(
            "# TYPE tintype_work_seconds_total counter\ntintype_work_seconds_total {seconds}\n"
        )
    }
}

/// Compares in a time that does not tell where they differ.
fn equal(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
}

/// Whether `host` names this machine itself.
fn is_this_machine(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    matches!(name, "localhost" | "127.0.0.1" | "::1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        for host in ["localhost", "localhost:80", "127.0.0.1:9", "[::1]:80"] {
            assert!(is_this_machine(host), "{host}");
        }
        for host in ["", "example.org", "localhost.example.org:80", "127.0.0.1.example.org"] {
            assert!(!is_this_machine(host), "{host}");
        }
        assert!(equal(b"ab", b"ab") && !equal(b"ab", b"aB") && !equal(b"ab", b"abc"));
    }
}
