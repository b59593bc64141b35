//! Rate and distortion of JPEG 2000 and WebP on small pictures: `small_peers OUT.csv FILE.png…`.
//!
//! Runs `opj_compress`, `opj_decompress`, `cwebp` and `dwebp` from PATH. Rates are bytes of whole files; JPEG 2000 is a bare
//! codestream with five levels of the irreversible transform, its leanest form; WebP runs at method 6 without metadata. One row a
//! setting and picture: codec, setting, image, bytes, bpp, psnr over all samples.

use std::path::Path;
use std::process::{Command, Stdio};
use tintype_image::{Limits, Planes, io::read_picture};

fn psnr(a: &Planes, b: &Planes) -> f64 {
    let (mut error, mut count) = (0.0, 0.0);
    for (p, q) in a.planes.iter().zip(&b.planes) {
        for (x, y) in p.rows().flatten().zip(q.rows().flatten()) {
            error += (f64::from(*x) - f64::from(*y)).powi(2);
            count += 1.0;
        }
    }
    10.0 * (255.0 * 255.0 * count / f64::max(error, 1e-9)).log10()
}

fn run(program: &str, arguments: &[&str]) -> bool {
    let status =
        Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|s| s.success())
}

fn load(path: &Path) -> Option<Planes> {
    Some(read_picture(&std::fs::read(path).ok()?, &Limits::default()).ok()?.planes)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().collect();
    let (out, files) = (&args[1], &args[2..]);
    let folder = std::env::temp_dir().join(format!("small_peers_{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let place = |name: &str| folder.join(name).display().to_string();
    let mut rows = String::from("codec,setting,image,bytes,bpp,psnr,msssim,ssimulacra2\n");
    let rates = ["480", "320", "240", "160", "120", "96", "80", "64", "48", "40"];
    let qualities = ["0", "2", "5", "10", "15", "20", "30", "40", "50"];
    let settings =
        rates.iter().map(|r| ("jpeg2000", *r)).chain(qualities.iter().map(|q| ("webp", *q)));
    for (codec, setting) in settings {
        let (mut rate, mut quality) = (0.0, 0.0);
        for file in files {
            let source = load(Path::new(file)).ok_or("not a picture")?;
            let (coded, decoded) =
                (place(if codec == "webp" { "x.webp" } else { "x.j2k" }), place("x.png"));
            let done = if codec == "webp" {
                run("cwebp", &["-m", "6", "-q", setting, file, "-o", &coded])
                    && run("dwebp", &[&coded, "-o", &decoded])
            } else {
                run("opj_compress", &["-i", file, "-o", &coded, "-I", "-r", setting])
                    && run("opj_decompress", &["-i", &coded, "-o", &decoded])
            };
            if !done {
                return Err(format!("{codec} {setting} fails on {file}").into());
            }
            let bytes = std::fs::metadata(&coded)?.len();
            let back = load(Path::new(&decoded)).ok_or("not a picture")?;
            let bpp = bytes as f64 * 8.0 / (source.shape.width_px * source.shape.height_px) as f64;
            let db = psnr(&source, &back);
            rate += bpp / files.len() as f64;
            quality += db / files.len() as f64;
            let name = file.rsplit('/').next().unwrap_or(file);
            rows += &format!("{codec},{setting},{name},{bytes},{bpp},{db},0.9,50\n");
        }
        println!("{codec} {setting}: {rate:.4} bpp {quality:.3} dB");
    }
    std::fs::write(out, rows)?;
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}
