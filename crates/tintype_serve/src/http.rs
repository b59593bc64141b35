//! The routes of the service.

use crate::answers::{self, Answer, Query, TIN};
use crate::files;
use crate::refusal::Refusal;
use crate::service::Service;
use crate::studio;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Query as Words, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use std::sync::Arc;

type Shared = State<Arc<Service>>;

/// What `/openapi.json` answers.
const OPENAPI: &str = include_str!("openapi.json");
const PAGE: &str = include_str!("page.html");

/// The service itself.
pub fn service(shared: Arc<Service>) -> Router {
    let routes = Router::new()
        .route("/encode", post(encode))
        .route("/decode", post(decode))
        .route("/repack", post(repack))
        .route("/health", get(|| async { "ok\n" }))
        .route("/metrics", get(metrics))
        .route(
            "/openapi.json",
            get(|| async { ([(header::CONTENT_TYPE, "application/json")], OPENAPI) }),
        )
        .route("/", get(|| async { ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], PAGE) }))
        .fallback(picture);
    routes.layer(from_fn_with_state(shared.clone(), around)).with_state(shared)
}

/// The studio, which encodes and decodes by the program.
pub fn studio(shared: Arc<Service>) -> Router {
    let routes = Router::new()
        .route("/api/studio", get(studio::version))
        .route("/api/encode", post(studio::encode))
        .route("/api/decode", post(studio::decode))
        .route("/api/explain", post(explain))
        .route("/api/peer", post(studio::peer))
        .fallback(studio::page);
    routes.layer(from_fn_with_state(shared.clone(), around)).with_state(shared)
}

/// Admission before each request, counting after it.
async fn around(State(service): Shared, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let route = match path {
        "/encode" | "/decode" | "/repack" | "/health" | "/metrics" | "/openapi.json" | "/" => {
            path.to_string()
        }
        _ if path.starts_with("/api/") => "/api".into(),
        _ => "/picture".into(),
    };
    let admitted = match route.as_str() {
        "/health" => Ok(()),
        _ => service.admits(request.headers()),
    };
    let mut answer = match admitted {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    answer.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let bytes = axum::body::HttpBody::size_hint(answer.body()).exact().unwrap_or(0);
    service.count(&route, answer.status(), bytes);
    answer
}

fn given(answer: Answer) -> Response {
    let warnings = answer.warnings.join("; ").replace(['\n', '\r'], " ");
    let mut response = ([(header::CONTENT_TYPE, answer.media)], answer.bytes).into_response();
    if let Ok(words) = HeaderValue::from_str(&warnings)
        && !warnings.is_empty()
    {
        response.headers_mut().insert("x-tintype-warnings", words);
    }
    response
}

/// A handler that answers a posted file with what the function of its name in [`answers`] makes of it.
macro_rules! posted {
    ($name:ident) => {
        async fn $name(
            State(service): Shared,
            Words(query): Words<Query>,
            headers: HeaderMap,
            body: Body,
        ) -> Result<Response, Refusal> {
            let answer = move |file: Bytes, means| answers::$name(&file, &query, means);
            service.work(&headers, body, answer).await.map(given)
        }
    };
}
posted!(encode);
posted!(decode);
posted!(repack);
posted!(explain);

async fn metrics(State(service): Shared) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], service.metrics()).into_response()
}

/// A picture of the folder.
async fn picture(
    State(service): Shared,
    method: Method,
    uri: Uri,
    Words(query): Words<Query>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let nothing = |what: &str| Refusal::new(StatusCode::NOT_FOUND, format!("{}: {what}", uri.path()));
    if method != Method::GET && method != Method::HEAD {
        return Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "pictures are got, not changed"));
    }
    let root =
        service.settings.root.clone().ok_or_else(|| nothing("no folder is shown (--root DIR)"))?;
    let path = percent_decoded(uri.path()).ok_or_else(|| nothing("a name that is not UTF-8"))?;
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let found = files::find(&root, &path, text(header::ACCEPT).unwrap_or_default())?;
    let tag =
        files::tag(&found.path, found.format, &query).map_err(|error| nothing(&error.to_string()))?;
    let common = [
        (header::ETAG, tag.clone()),
        (header::VARY, "accept".into()),
        (header::ACCEPT_RANGES, "bytes".into()),
    ];
    if text(header::IF_NONE_MATCH).is_some_and(|known| known == "*" || known.contains(&tag)) {
        return Ok((StatusCode::NOT_MODIFIED, common).into_response());
    }
    let range = text(header::RANGE).filter(|_| text(header::IF_RANGE).is_none_or(|known| known == tag));
    let range = range.map(String::from);
    let answer = service
        .work(&HeaderMap::new(), Body::empty(), move |_, means| {
            let read =
                |error: std::io::Error| Refusal::new(StatusCode::NOT_FOUND, format!("{path}: {error}"));
            let bytes = std::fs::read(&found.path).map_err(read)?;
            let Some(format) = found.format else {
                let media = files::media_of(&found.path);
                if media == TIN && answers::is_variant(&query) {
                    return Err(Refusal::misuse(
                        "ask for a .png or .jpg to have a part or another size",
                    ));
                }
                return Ok(Answer { bytes, media, warnings: Vec::new() });
            };
            let mut query = query;
            query.insert("format".into(), format.into());
            answers::decode(&bytes, &query, means)
        })
        .await?;
    let len = answer.bytes.len();
    let part = files::range(range.as_deref(), len)?;
    let mut response = match part {
        None => given(answer),
        Some(part) => {
            let (words, bytes) =
                (format!("bytes {}-{}/{len}", part.start, part.end - 1), answer.bytes[part].to_vec());
            let mut response = given(Answer { bytes, ..answer });
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            if let Ok(words) = HeaderValue::from_str(&words) {
                response.headers_mut().insert(header::CONTENT_RANGE, words);
            }
            response
        }
    };
    for (name, value) in common {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    Ok(response)
}

/// `%41` to `A`; `None` for what is no UTF-8.
fn percent_decoded(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, tail @ ..] = rest {
        let digits = tail.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match digits.and_then(|two| u8::from_str_radix(two, 16).ok()).filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).ok()
}
