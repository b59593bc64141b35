//! `tintype serve`: pictures over HTTP.
#![forbid(unsafe_code)]

use clap::Parser;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use tintype::Limits;
use tintype_serve::answers::Means;
use tintype_serve::service::{Bounds, Service, Settings};
use tintype_serve::{http, listen};

/// Serves pictures of a folder, and encodes and decodes what is sent, over HTTP.
#[derive(Parser, Debug)]
#[command(name = "tintype serve", bin_name = "tintype serve", version, max_term_width = 110)]
struct Args {
    /// Folder whose .tin files are shown as the pictures that they hold
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
    /// Where to listen; elsewhere than on this machine itself only with --token-file
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8484")]
    listen: SocketAddr,
    /// File with the token that callers have to send (Authorization: Bearer …)
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Largest body of a request, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = 64 << 20)]
    max_body: usize,
    /// Largest picture, in pixels
    #[arg(long, value_name = "PIXELS", default_value_t = 100_000_000)]
    max_pixels: u64,
    /// Requests worked on at once, each on one thread [default: as many as the machine runs at once]
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// Requests that may wait; further ones are told to come again
    #[arg(long, value_name = "N", default_value_t = 64)]
    queue: usize,
}

fn main() -> ExitCode {
    match run(Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err((code, message)) => {
            eprintln!("tintype serve: {message}");
            ExitCode::from(code)
        }
    }
}

fn run(args: Args) -> Result<(), (u8, String)> {
    let token = match &args.token_file {
        None => None,
        Some(path) => {
            let text =
                std::fs::read_to_string(path).map_err(|e| (1, format!("{}: {e}", path.display())))?;
            let token = text.trim().to_string();
            if token.len() < 16 {
                return Err((
                    2,
                    format!("{}: a token of 16 characters or more is needed", path.display()),
                ));
            }
            Some(token)
        }
    };
    let loopback = args.listen.ip().is_loopback();
    if !loopback && token.is_none() {
        let what = format!("{} can be reached from other machines; give --token-file", args.listen);
        return Err((2, what));
    }
    if let Some(root) = args.root.as_ref().filter(|root| !root.is_dir()) {
        return Err((1, format!("{}: no such folder", root.display())));
    }
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
    let limits = Limits { pixels_max: args.max_pixels, ..Limits::default() };
    let service = Service::new(Settings {
        root: args.root,
        token,
        loopback,
        bounds: Bounds {
            body_bytes_max: args.max_body,
            jobs: args.jobs.unwrap_or(cores).max(1),
            waiting_max: args.queue,
        },
        means: Means { limits, threads: 1 },
    });
    let ready = |address| eprintln!("tintype serve: listening at http://{address}/");
    listen::run(args.listen, http::service(Arc::new(service)), ready).map_err(|message| (1, message))
}
