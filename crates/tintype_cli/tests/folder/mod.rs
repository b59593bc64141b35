//! A folder for one test, with the program at hand.
#![allow(dead_code)] // Each test file uses its part.

use serde_json::Value;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;

/// A folder for one test, with the program at hand.
pub struct Folder {
    folder: TempDir,
}

impl Folder {
    pub fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    /// A folder that holds a small photograph called `name`.
    pub fn with_photo(name: &str) -> Self {
        let folder = Self::new();
        folder.photo(name);
        folder
    }

    /// A folder with two photographs in `from`, encoded without loss into `to`.
    pub fn with_two_encoded(from: &str, to: &str) -> Self {
        let folder = Self::new();
        folder.photo(&format!("{from}/a.ppm"));
        folder.photo(&format!("{from}/b.ppm"));
        folder.ok(&["encode", from, "-o", to, "--lossless"]);
        folder
    }

    pub fn folder_path(&self) -> &std::path::Path {
        self.folder.path()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    /// Writes the first two thirds of file `from`; gives them.
    pub fn write_cut(&self, from: &str, to: &str) -> Vec<u8> {
        let mut file = self.read(from);
        file.truncate(file.len() * 2 / 3);
        self.write(to, &file);
        file
    }

    /// Writes file `from` with one bit changed at `tenths` of its length.
    pub fn write_damaged(&self, from: &str, tenths: usize, to: &str) {
        let mut file = self.read(from);
        let place = file.len() * tenths / 10;
        file[place] ^= 4;
        self.write(to, &file);
    }

    /// A picture of 96 × 64 pixels, smooth with some texture.
    pub fn photo(&self, name: &str) -> Vec<u8> {
        let bytes = ppm(96, 64);
        self.write(name, &bytes);
        bytes
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tintype"));
        command.args(arguments).current_dir(self.folder.path());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).stdin(Stdio::null()).output().unwrap()
    }

    /// Runs and expects status 0; gives standard output.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs and expects `status`; gives standard error.
    pub fn fails(&self, status: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {message}");
        assert!(!message.is_empty());
        message
    }

    pub fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.ok(arguments)).unwrap()
    }

    /// Names of everything in the folder.
    pub fn names(&self) -> BTreeSet<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    pub fn with_input(&self, arguments: &[&str], input: &[u8]) -> Output {
        let mut child = self.piped(arguments);
        child.stdin.take().unwrap().write_all(input).unwrap();
        child.wait_with_output().unwrap()
    }

    pub fn piped(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }
}

/// A colour picture, smooth with some noise.
pub fn ppm(width: usize, height: usize) -> Vec<u8> {
    let mut bytes = format!("P6\n{width} {height}\n255\n").into_bytes();
    let mut state = 7u32;
    for y in 0..height {
        for x in 0..width {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = (state >> 27) as usize;
            bytes.extend(
                [x * 2 + noise, y * 3 + noise / 2, (x + y) + noise].map(|sample| sample.min(255) as u8),
            );
        }
    }
    bytes
}
