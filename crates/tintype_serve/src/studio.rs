//! The studio's pages and what they ask of the program.
//!
//! Pixels come and go as width and height, 32 bits each, little-endian, then red, green, blue and opacity of 8 bits.

use crate::answers::{Query, encoder_of};
use crate::peers;
use crate::refusal::Refusal;
use crate::service::Service;
use axum::body::Body;
use axum::extract::{Query as Words, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use std::io::Cursor;
use std::sync::Arc;
use tintype::{DecodeOptions, Decoder, Info, Picture};

/// The pages, as they lie in `web/studio`.
const PAGES: [(&str, &str, &str); 8] = [
    ("/", "text/html; charset=utf-8", include_str!("../../../web/studio/index.html")),
    ("/studio.css", "text/css", include_str!("../../../web/studio/studio.css")),
    ("/studio.js", "text/javascript", include_str!("../../../web/studio/studio.js")),
    ("/engine.js", "text/javascript", include_str!("../../../web/studio/engine.js")),
    ("/metrics.js", "text/javascript", include_str!("../../../web/studio/metrics.js")),
    ("/plot.js", "text/javascript", include_str!("../../../web/studio/plot.js")),
    ("/explain.js", "text/javascript", include_str!("../../../web/studio/explain.js")),
    ("/zip.js", "text/javascript", include_str!("../../../web/studio/zip.js")),
];

/// A page of the studio.
///
/// # Errors
/// `404` for one that there is not.
pub async fn page(uri: Uri) -> Result<Response, Refusal> {
    let page = PAGES.iter().find(|(path, ..)| *path == uri.path());
    let (_, media, text) = page
        .ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, format!("{}: no such page", uri.path())))?;
    Ok(([(header::CONTENT_TYPE, *media)], *text).into_response())
}

/// By which the page knows that the program is there.
pub async fn version() -> Response {
    // Names of a list of ours, which need no escaping.
    let peers: Vec<String> = peers::names().iter().map(|name| format!("\"{name}\"")).collect();
    let version = env!("CARGO_PKG_VERSION");
    let text = format!("{{\"version\":\"{version}\",\"peers\":[{}]}}", peers.join(","));
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

/// Pixels to a `.tin` file.
///
/// # Errors
/// `4xx` for pixels or a query that make no sense.
pub async fn encode(
    State(service): State<Arc<Service>>,
    Words(mut query): Words<Query>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    if query.remove("exact").is_some_and(|word| word == "true") {
        query.remove("quality");
        query.insert("exact".into(), "true".into());
    }
    let bytes = service.work(&headers, body, move |body, means| {
        Ok(encoder_of(&query, means)?.encode(&picture_of(&body)?)?.bytes)
    });
    Ok(bytes.await?.into_response())
}

/// The picture of posted pixels.
fn picture_of(body: &[u8]) -> Result<Picture, Refusal> {
    let wrong = || Refusal::misuse("the pixels do not fit their width and height");
    let (head, pixels) = body.split_at_checked(8).ok_or_else(wrong)?;
    let side =
        |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]) as usize;
    let quads = pixels.as_chunks::<4>().0;
    if quads.iter().any(|[.., alpha]| *alpha != 255) {
        return Ok(Picture::from_rgba8(side(0), side(4), pixels)?);
    }
    let rgb: Vec<u8> = quads.iter().flat_map(|[red, green, blue, _]| [*red, *green, *blue]).collect();
    Ok(Picture::from_rgb8(side(0), side(4), &rgb)?)
}

/// Pixels to what the codec `name` of somebody else makes of them in at most `bytes`: a PNG file, with the number of bytes that it took
/// in a header.
///
/// # Errors
/// `4xx` for pixels or a query that make no sense, and for codecs that are not here.
pub async fn peer(
    State(service): State<Arc<Service>>,
    Words(query): Words<Query>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let done = service.work(&headers, body, move |body, _| {
        let bytes_max = query.get("bytes").and_then(|text| text.parse().ok());
        let bytes_max = bytes_max.ok_or_else(|| Refusal::misuse("bytes= is needed, a number"))?;
        let name = query.get("name").map_or("", String::as_str);
        peers::made(name, &picture_of(&body)?, bytes_max)
    });
    let made = done.await?;
    let mut response = ([(header::CONTENT_TYPE, "image/png")], made.png).into_response();
    response.headers_mut().insert("x-tintype-bytes", HeaderValue::from(made.bytes));
    Ok(response)
}

/// A `.tin` file to pixels; what its head says is in a header.
///
/// # Errors
/// `4xx` for a file that does not decode.
pub async fn decode(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let done = service.work(&headers, body, move |body, means| {
        let options = DecodeOptions::new().threads(means.threads).limits(means.limits);
        let decoder = Decoder::with_options(Cursor::new(&body), options)?;
        let info = described(decoder.info());
        let picture = decoder.decode()?.picture;
        let mut bytes = Vec::new();
        bytes.extend((picture.width() as u32).to_le_bytes());
        bytes.extend((picture.height() as u32).to_le_bytes());
        bytes.extend(picture.to_rgba8()?);
        Ok((info, bytes))
    });
    let (info, bytes) = done.await?;
    let mut response = bytes.into_response();
    if let Ok(info) = HeaderValue::from_str(&info) {
        response.headers_mut().insert("x-tintype-info", info);
    }
    Ok(response)
}

/// JSON of numbers and names without quotes in them.
fn described(info: &Info) -> String {
    let shape = &info.shape;
    format!(
        "{{\"width\":{},\"height\":{},\"codec\":\"{}\",\"planes\":{},\"tiles\":{},\"layers\":{},\"dataBytes\":{}}}",
        shape.width_px,
        shape.height_px,
        info.codec.name(),
        shape.planes.len(),
        info.tiles,
        info.layers,
        info.data_bytes
    )
}
