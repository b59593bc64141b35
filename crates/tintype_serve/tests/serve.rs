//! The service as a program, asked over a socket.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tintype::{Decoder, Encoder, codec};

const TESTDATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata");

/// The program; killed when it is dropped.
struct Program {
    child: Child,
    address: String,
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start(program: &str, words: &[&str]) -> Program {
    let mut child = Command::new(program).args(words).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.split("http://").nth(1).and_then(|rest| rest.split('/').next());
    let address = address.unwrap_or_else(|| panic!("no address in {line:?}")).to_string();
    Program { child, address }
}

fn serve(words: &[&str]) -> Program {
    start(env!("CARGO_BIN_EXE_tintype-serve"), &[&["--listen", "127.0.0.1:0"], words].concat())
}

struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let line = self
            .head
            .lines()
            .find(|line| line.to_ascii_lowercase().starts_with(&format!("{name}: ")))?;
        Some(line[name.len() + 2..].trim())
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Program {
    fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nconnection: close\r\ncontent-length: {}\r\n",
            body.len()
        );
        if !headers.iter().any(|(name, _)| *name == "host") {
            head += &format!("host: {}\r\n", self.address);
        }
        headers.iter().for_each(|(name, value)| head += &format!("{name}: {value}\r\n"));
        stream.write_all((head + "\r\n").as_bytes()).unwrap();
        // A refusal may come before all of the body went.
        let _ = stream.write_all(body);
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all);
        let end = all.windows(4).position(|four| four == b"\r\n\r\n").expect("an answer has a head");
        let head = String::from_utf8_lossy(&all[..end]).into_owned();
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap();
        Answer { status, head, body: all[end + 4..].to_vec() }
    }

    fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], &[])
    }

    fn memory_bytes(&self) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/statm", self.child.id())).unwrap();
        text.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
    }
}

fn jpeg() -> Vec<u8> {
    std::fs::read(format!("{TESTDATA}/jpeg/baseline_420.jpg")).unwrap()
}

fn photo() -> Vec<u8> {
    std::fs::read(format!("{TESTDATA}/pictures/photo_a.png")).unwrap()
}

/// A folder with a packed JPEG file and a photograph.
fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let packed = Encoder::lossless().encode_file(&jpeg()).unwrap();
    std::fs::create_dir(folder.path().join("sub")).unwrap();
    std::fs::write(folder.path().join("sub/old photo.tin"), packed).unwrap();
    let tin = Encoder::new().codec(codec::WAVELET).encode_file(&photo()).unwrap();
    std::fs::write(folder.path().join("photo.tin"), tin).unwrap();
    let path = folder.path().to_path_buf();
    (folder, path)
}

fn size_of_png(png: &[u8]) -> (u32, u32) {
    assert!(png.starts_with(b"\x89PNG"));
    let side = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
    (side(16), side(20))
}

#[test]
fn packed_jpegs_are_there_byte_for_byte_in_ranges_and_with_a_tag() {
    let (_keep, root) = folder();
    let service = serve(&["--root", root.to_str().unwrap()]);
    let whole = service.get("/sub/old%20photo.jpg");
    assert_eq!(
        (whole.status, whole.header("content-type")),
        (200, Some("image/jpeg")),
        "{}",
        whole.text()
    );
    assert_eq!(whole.body, jpeg());
    let tag = whole.header("etag").unwrap();
    let again = service.ask("GET", "/sub/old%20photo.jpg", &[("if-none-match", tag)], &[]);
    assert_eq!((again.status, again.body.len()), (304, 0));
    let part = service.ask("GET", "/sub/old%20photo.jpg", &[("range", "bytes=10-19")], &[]);
    assert_eq!((part.status, &part.body[..]), (206, &jpeg()[10..20]));
    assert_eq!(part.header("content-range"), Some(&*format!("bytes 10-19/{}", jpeg().len())));
    assert_eq!(
        service.ask("GET", "/sub/old%20photo.jpg", &[("range", "bytes=99999999-")], &[]).status,
        416
    );
    let head = service.ask("HEAD", "/sub/old%20photo.jpg", &[], &[]);
    assert_eq!((head.status, head.body.len()), (200, 0));
}

#[test]
fn variants_and_negotiation() {
    let (_keep, root) = folder();
    let service = serve(&["--root", root.to_str().unwrap()]);
    let whole = size_of_png(&service.get("/photo.png").body);
    assert_eq!(
        size_of_png(&service.get("/photo.png?scale=1/2").body),
        (whole.0.div_ceil(2), whole.1.div_ceil(2))
    );
    assert_eq!(size_of_png(&service.get("/photo.png?width=50").body).0, 50);
    assert_eq!(size_of_png(&service.get("/photo.png?region=8,8,32,16").body), (32, 16));
    assert!(service.get("/photo.jpg?width=60&quality=50").body.starts_with(&[0xff, 0xd8]));
    assert!(service.get("/photo.tin").body.starts_with(&tintype::MAGIC));
    let accept = |what| service.ask("GET", "/photo", &[("accept", what)], &[]).body;
    assert!(accept("image/x-tintype").starts_with(&tintype::MAGIC));
    assert!(accept("image/jpeg").starts_with(&[0xff, 0xd8]));
    assert!(accept("*/*").starts_with(b"\x89PNG"));
    for (path, status) in [
        ("/photo.png?region=8,8", 400),
        ("/photo.png?scale=1/3", 400),
        ("/photo.png?with=50", 400),
        ("/photo.tin?width=50", 400),
        ("/none.png", 404),
        ("/%2e%2e/%2e%2e/etc/passwd", 404),
    ] {
        assert_eq!(service.get(path).status, status, "{path}");
    }
    assert_eq!(service.ask("DELETE", "/photo.png", &[], &[]).status, 405);
}

#[test]
fn what_is_sent_is_encoded_packed_and_decoded() {
    let service = serve(&[]);
    let tin = service.ask("POST", "/encode?quality=60&effort=2", &[], &photo());
    assert_eq!(
        (tin.status, tin.header("content-type")),
        (200, Some("image/x-tintype")),
        "{}",
        tin.text()
    );
    let own = Encoder::new().quality(60.0).effort(2).encode_file(&photo()).unwrap();
    assert_eq!(tin.body, own.bytes, "the service and the library make the same file");
    let png = service.ask("POST", "/decode", &[], &tin.body);
    assert_eq!(
        size_of_png(&png.body).0 as usize,
        Decoder::from_stream(&tin.body[..]).unwrap().info().shape.width_px
    );
    let packed = service.ask("POST", "/repack", &[], &jpeg());
    assert!(packed.body.len() < jpeg().len());
    assert_eq!(service.ask("POST", "/decode", &[], &packed.body).body, jpeg());
    // Of files of this codec any prefix decodes.
    let wavelet = service.ask("POST", "/encode?codec=wavelet", &[], &photo());
    let cut = &wavelet.body[..wavelet.body.len() * 2 / 3];
    assert_eq!(service.ask("POST", "/decode", &[], cut).status, 422);
    let partial = service.ask("POST", "/decode?partial=true", &[], cut);
    assert!(
        partial.header("x-tintype-warnings").is_some_and(|words| words.contains("cut off")),
        "{}",
        partial.head
    );
    let exact = service.ask("POST", "/encode?exact=true", &[], &photo());
    assert_eq!(Decoder::from_stream(&exact.body[..]).unwrap().info().lossless, Some(true));
}

#[test]
fn what_is_wrong_is_refused_with_a_reason() {
    let service = serve(&["--max-body", "100000", "--max-pixels", "5000"]);
    for (path, body, status, words) in [
        ("/encode", &b"no picture"[..], 415, ""),
        ("/encode", &photo()[..60], 422, ""),
        ("/encode", &photo(), 413, "pixels"),
        ("/encode", &vec![0; 100_001], 413, "100000 bytes"),
        ("/encode?quality=much", &jpeg(), 400, "quality=much"),
        ("/encode?quality=60&exact=true", &jpeg(), 400, "only one"),
        ("/encode?effort=0", &jpeg(), 400, "effort"),
        ("/encode?codec=tape", &jpeg(), 400, "tape"),
        ("/repack", &photo(), 415, "no JPEG"),
        ("/decode", &jpeg(), 422, ""),
        ("/decode?format=bmp", &[], 422, ""),
    ] {
        let answer = service.ask("POST", path, &[], body);
        assert!((400..500).contains(&answer.status), "{path}: {} {}", answer.status, answer.text());
        let near = answer.status == status || status == 415 || status == 422;
        assert!(near && answer.text().contains(words), "{path}: {} {}", answer.status, answer.text());
    }
}

/// Posts file `number` of a mixture, every tenth of which is broken; what is wrong with the answer.
fn posted(service: &Program, packed: &[u8], number: usize) -> Option<String> {
    let broken = number % 10 == 3;
    let (path, body) = match number % 3 {
        0 => ("/repack", if broken { b"no JPEG".to_vec() } else { jpeg() }),
        1 => ("/decode", packed[..if broken { packed.len() / 2 } else { packed.len() }].to_vec()),
        _ => ("/encode?effort=1", if broken { photo()[..999].to_vec() } else { photo() }),
    };
    let answer = service.ask("POST", path, &[], &body);
    let right = match (path, broken) {
        (_, true) => (400..500).contains(&answer.status) && answer.body.len() > 5,
        ("/decode", _) => answer.body == jpeg(),
        _ => answer.status == 200 && answer.body.starts_with(&tintype::MAGIC),
    };
    (!right).then(|| format!("{number} {path}: {} {}", answer.status, answer.text()))
}

/// Everything at once, a tenth of it broken: all answers are right, and the memory after the first third is that of the last. A few seconds of
/// it; `cargo xtask nightly` makes ten minutes of them by `TINTYPE_SOAK_SECONDS`.
#[test]
fn mixed_load_leaves_the_memory_flat() {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::time::{Duration, Instant};

    let asked_for = std::env::var("TINTYPE_SOAK_SECONDS").ok().and_then(|text| text.parse().ok());
    let seconds = asked_for.unwrap_or(4);
    let whole = Duration::from_secs(seconds);
    let (_keep, root) = folder();
    let service = serve(&["--root", root.to_str().unwrap(), "--queue", "500"]);
    let packed = Encoder::lossless().encode_file(&jpeg()).unwrap().bytes;
    let (asked, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
    let got = |path: &str, right: &dyn Fn(&Answer) -> bool| {
        let answer = service.get(path);
        (!right(&answer)).then(|| format!("{path}: {} {}", answer.status, answer.text()))
    };
    let one = |number: usize| match number % 5 {
        0 => got("/sub/old%20photo.jpg", &|answer| answer.body == jpeg()),
        1 => got("/photo.png?width=100", &|answer| size_of_png(&answer.body).0 == 100),
        2 => got("/none.jpg", &|answer| answer.status == 404),
        _ => posted(&service, &packed, number),
    };
    let mut memory = Vec::new();
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let work = || {
            let mut wrong = Vec::new();
            while !stopped.load(Ordering::Relaxed) && wrong.len() < 10 {
                wrong.extend(one(asked.fetch_add(1, Ordering::Relaxed)));
            }
            wrong
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(work)).collect();
        let begin = Instant::now();
        while begin.elapsed() < whole {
            std::thread::sleep(Duration::from_millis(250));
            memory.push(service.memory_bytes());
        }
        stopped.store(true, Ordering::Relaxed);
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let megabytes: Vec<u64> = memory
        .chunks(memory.len().div_ceil(12))
        .map(|part| part.iter().max().map_or(0, |most| most >> 20))
        .collect();
    println!(
        "{} requests in {whole:?}; most megabytes in each twelfth: {megabytes:?}",
        asked.into_inner()
    );
    assert_eq!(wrong, Vec::<String>::new());
    let most = |part: &[u64]| part.iter().copied().max().unwrap_or(0);
    let (middle, last) = (most(&megabytes[4..8]), most(&megabytes[8..]));
    // In seconds a few large requests may meet that did not meet before.
    let spread = if seconds < 60 { 40 } else { 4 };
    assert!(last <= middle + middle / 20 + spread, "{megabytes:?}");
}

#[test]
fn many_at_once_with_broken_ones_among_them() {
    let service = serve(&["--queue", "500"]);
    let packed = Encoder::lossless().encode_file(&jpeg()).unwrap().bytes;
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let ask = |number| posted(&service, &packed, number);
        let threads: Vec<_> = (0..16)
            .map(|thread| {
                scope.spawn(move || (thread..200).step_by(16).filter_map(ask).collect::<Vec<_>>())
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(wrong, Vec::<String>::new());
    let metrics = service.get("/metrics").text();
    let count = |line: &str| {
        let found = metrics.lines().find_map(|text| text.strip_prefix(line));
        found.and_then(|number| number.trim().parse::<u64>().ok()).unwrap_or(0)
    };
    let all: u64 = ["/repack", "/decode", "/encode"]
        .iter()
        .map(|route| count(&format!("tintype_requests_total{{route=\"{route}\",status=\"200\"}}")))
        .sum();
    assert_eq!(all, 180, "{metrics}");
    assert_eq!(count("tintype_requests_admitted"), 0);
}

#[test]
fn too_many_are_told_to_come_again_and_memory_stays_flat() {
    let service = serve(&["--jobs", "1", "--queue", "1"]);
    let tell = || service.ask("POST", "/encode?effort=3", &[], &photo()).status;
    tell();
    let before = service.memory_bytes();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..12).map(|_| scope.spawn(|| (0..4).map(|_| tell()).collect::<Vec<_>>())).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert!(statuses.contains(&200) && statuses.contains(&503), "{statuses:?}");
    assert!(statuses.iter().all(|status| [200, 503].contains(status)), "{statuses:?}");
    let grown = service.memory_bytes().saturating_sub(before);
    assert!(grown < 30 << 20, "{grown} bytes more");
}

#[test]
fn only_who_may_asks() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, "a token of some length\n").unwrap();
    let service = serve(&["--token-file", token.to_str().unwrap()]);
    assert_eq!(service.get("/metrics").status, 401);
    assert_eq!(service.get("/health").status, 200);
    let with = |token| service.ask("GET", "/metrics", &[("authorization", token)], &[]).status;
    assert_eq!((with("Bearer a token of some length"), with("Bearer another")), (200, 401));

    let open = serve(&[]);
    assert_eq!(open.ask("GET", "/metrics", &[("host", "evil.example")], &[]).status, 403);
    assert_eq!(open.get("/metrics").status, 200);

    let program = env!("CARGO_BIN_EXE_tintype-serve");
    let refused = Command::new(program).args(["--listen", "0.0.0.0:0"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--token-file"));
}

#[test]
fn the_api_is_described_and_every_path_of_it_is_there() {
    let service = serve(&[]);
    let api: serde_json::Value = serde_json::from_slice(&service.get("/openapi.json").body).unwrap();
    for (path, methods) in api["paths"].as_object().unwrap() {
        if path == "/{picture}" {
            continue;
        }
        for method in methods.as_object().unwrap().keys() {
            let answer = service.ask(&method.to_uppercase(), path, &[], &[]);
            assert!(answer.status != 404 && answer.status != 405, "{method} {path}: {}", answer.status);
        }
    }
    assert!(service.get("/").text().contains("/encode"));
}

#[cfg(unix)]
#[test]
fn it_stops_when_it_is_told_to_and_ends_what_it_began() {
    let mut service = serve(&[]);
    let service_ref = &service;
    let answer = std::thread::scope(|scope| {
        let bear = std::fs::read(format!("{TESTDATA}/pictures/bear.png")).unwrap();
        let asked = scope.spawn(move || service_ref.ask("POST", "/encode?effort=5", &[], &bear));
        while !service.get("/metrics").text().contains("tintype_requests_admitted 1") {
            assert!(!asked.is_finished(), "it was answered before the program was told to stop");
        }
        Command::new("kill").args(["-TERM", &service.child.id().to_string()]).status().unwrap();
        asked.join().unwrap()
    });
    assert_eq!(answer.status, 200);
    assert!(service.child.wait().unwrap().success());
}

#[test]
fn the_studio_shows_its_pages_and_encodes_by_the_program() {
    let studio = start(env!("CARGO_BIN_EXE_tintype-studio"), &["--no-browser"]);
    assert!(studio.get("/").text().contains("<title>Tintype studio</title>"));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/studio");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name != "index.html" {
            assert_eq!(studio.get(&format!("/{name}")).status, 200, "{name}");
        }
    }
    assert!(studio.get("/api/studio").text().contains("version"));
    let mut pixels =
        [[16u32.to_le_bytes(), 8u32.to_le_bytes()].concat(), vec![200; 16 * 8 * 4]].concat();
    let tin = studio.ask("POST", "/api/encode?quality=75&exact=true&codec=auto&effort=2", &[], &pixels);
    assert_eq!(tin.status, 200, "{}", tin.text());
    let back = studio.ask("POST", "/api/decode", &[], &tin.body);
    assert_eq!(back.body, pixels);
    let info: serde_json::Value = serde_json::from_str(back.header("x-tintype-info").unwrap()).unwrap();
    assert_eq!((&info["width"], &info["height"]), (&16.into(), &8.into()));
    let opaque = [&pixels[..8], &[200, 90, 40, 255].repeat(16 * 8)].concat();
    let lossy = studio.ask("POST", "/api/encode?quality=40&codec=photo&effort=2", &[], &opaque);
    let parts = studio.ask("POST", "/api/explain", &[], &lossy.body);
    assert!(parts.status == 200 && !parts.body.is_empty() && parts.body.len().is_multiple_of(28));
    assert_eq!(studio.ask("POST", "/api/explain", &[], b"no file").status, 422);
    assert_eq!(studio.ask("POST", "/api/peer?name=none&bytes=500", &[], &pixels).status, 404);
    for name in ["avif", "jxl"].iter().filter(|name| studio.get("/api/studio").text().contains(*name)) {
        let made = studio.ask("POST", &format!("/api/peer?name={name}&bytes=900"), &[], &pixels);
        assert_eq!((made.status, size_of_png(&made.body)), (200, (16, 8)), "{name}");
        assert!(made.header("x-tintype-bytes").unwrap().parse::<u64>().unwrap() <= 900, "{name}");
    }
    pixels.pop();
    assert_eq!(studio.ask("POST", "/api/encode?quality=75", &[], &pixels).status, 400);
    assert_eq!(studio.ask("GET", "/", &[("host", "evil.example")], &[]).status, 403);
}
