//! `tintype studio`: pictures before and after, in a browser of this machine.
#![forbid(unsafe_code)]

use clap::Parser;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use tintype::Limits;
use tintype_serve::answers::Means;
use tintype_serve::service::{Bounds, Service, Settings};
use tintype_serve::{http, listen};

/// Opens a page that shows pictures before and after, beside other codecs. Nothing leaves this machine.
#[derive(Parser, Debug)]
#[command(name = "tintype studio", bin_name = "tintype studio", version, max_term_width = 110)]
struct Args {
    /// Port to listen at on this machine; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Say where the page is, and open no browser
    #[arg(long)]
    no_browser: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
    let service = Service::new(Settings {
        root: None,
        token: None,
        loopback: true,
        bounds: Bounds { body_bytes_max: 1 << 30, jobs: cores, waiting_max: 64 },
        means: Means { limits: Limits::default(), threads: cores },
    });
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, args.port));
    let ready = |address| {
        let page = format!("http://{address}/");
        eprintln!("tintype studio: {page} (Ctrl-C ends it)");
        if !args.no_browser && !open(&page) {
            eprintln!("tintype studio: no browser could be started; open that address");
        }
    };
    match listen::run(address, http::studio(Arc::new(service)), ready) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("tintype studio: {message}");
            ExitCode::from(1)
        }
    }
}

/// Opens the page in the user's browser.
fn open(page: &str) -> bool {
    let program = match std::env::consts::OS {
        "macos" => "open",
        "windows" => "explorer",
        _ => "xdg-open",
    };
    let mut command = Command::new(program);
    command.arg(page).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().is_ok()
}
