//! JPEG 2000 and WebP by their programs on `PATH`, in their leanest form, for small pictures.
//!
//! JPEG 2000 is a bare codestream of the irreversible transform and its setting a compression
//! ratio; WebP runs at method 6. `tintype bench` compares with more peers, in whole files as
//! their users write them.

use crate::Failure;
use std::path::Path;
use std::process::{Command, Stdio};
use tintype::Goal;
use tintype_image::io::{PictureFormat, read_picture, write_picture};
use tintype_image::{Limits, Picture, Planes};

/// Programs that encode and decode one format. In the arguments `IN`, `OUT` and `Q` stand for
/// files and the setting.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    name: &'static str,
    extension: &'static str,
    encode: &'static str,
    decode: &'static str,
}

const PEERS: [Peer; 2] = [
    Peer {
        name: "jpeg2000",
        extension: "j2k",
        encode: "opj_compress -i IN -o OUT -I -r Q",
        decode: "opj_decompress -i IN -o OUT",
    },
    Peer {
        name: "webp",
        extension: "webp",
        encode: "cwebp -m 6 -q Q IN -o OUT",
        decode: "dwebp IN -o OUT",
    },
];

impl Peer {
    /// The peer called `name`.
    pub fn named(name: &str) -> Option<Self> {
        PEERS.into_iter().find(|peer| peer.name == name)
    }

    /// The peer's file. Its setting stands where ours is the quality.
    ///
    /// # Errors
    /// Names the program that failed.
    pub fn encode(&self, picture: &Picture, goal: Goal) -> Result<Vec<u8>, Failure> {
        let Goal::Quality(setting) = goal else {
            return Err(format!("{} takes --quality only", self.name).into());
        };
        let source = write_picture(PictureFormat::Png, picture)?;
        convert(self.encode, &source, "png", self.extension, &setting.to_string())
    }

    /// The samples of the peer's file.
    ///
    /// # Errors
    /// As [`Peer::encode`].
    pub fn decode(&self, file: &[u8]) -> Result<Planes, Failure> {
        let decoded = convert(self.decode, file, self.extension, "png", "")?;
        Ok(read_picture(&decoded, &Limits::default())?.planes)
    }
}

/// Runs a program that reads one file and writes another.
fn convert(line: &str, input: &[u8], from: &str, to: &str, setting: &str) -> Result<Vec<u8>, Failure> {
    let folder = tempfile::tempdir()?;
    let (source, target) =
        (folder.path().join("in").with_extension(from), folder.path().join("out").with_extension(to));
    std::fs::write(&source, input)?;

    let text = |path: &Path| path.display().to_string();
    let mut words = line.split(' ');
    let program = words.next().unwrap_or_default();
    let arguments = words.map(|word| match word {
        "IN" => text(&source),
        "OUT" => text(&target),
        "Q" => setting.to_string(),
        _ => word.to_string(),
    });
    let mut command = Command::new(program);
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    let status = command.status().map_err(|error| format!("{program} cannot be started: {error}"))?;
    if !status.success() {
        return Err(format!("{program} failed: {status}").into());
    }
    Ok(std::fs::read(&target)?)
}
