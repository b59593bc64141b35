#!/usr/bin/env python3
"""modern_peers.py FOLDER [CODEC...]: BD-rates of our codecs against the AVIF and JPEG XL of Python's packages.

pip install numpy scipy 'pillow>=13' imagecodecs. TINTYPE names the program [tintype]. CODEC is NAME[:psnr][:eEFFORT]
[photo photo:psnr]. Each PNG of FOLDER is coded at seven settings by each; bytes are those of whole files, quality is
what `tintype compare` says of the decoded file. Prints the mean of the pictures' BD-rates in per cent of bytes.
MEANS=1 takes the means of bytes and PSNR over all pictures instead, for small ones; AVIF=psnr is AVIF's speed 4, tune=psnr;
AVIF=9 its speed 9.
"""
import glob, io, json, os, subprocess, sys, tempfile
import imagecodecs, numpy as np
from PIL import Image
from scipy.interpolate import PchipInterpolator

PROGRAM = os.environ.get("TINTYPE", "tintype")
METRICS = [
    ("psnr", None),
    ("ssimulacra2", (50, 90)),
    ("ssimulacra2", (0, 70)),
    ("butteraugli_3norm", None),
    ("ms_ssim", None),
]
MEANS = os.environ.get("MEANS") == "1"
AVIF = {"speed": 6, "subsampling": "4:4:4"}
if os.environ.get("AVIF") == "9":
    AVIF["speed"] = 9
if os.environ.get("AVIF") == "psnr":
    AVIF |= {"speed": 4, "advanced": {"tune": "psnr"}}
JPEG = {"optimize": True, "progressive": True}


def run(*args):
    return subprocess.run([PROGRAM, *args], check=True, capture_output=True, text=True).stdout


def pillow(pixels, kind, **options):
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind, **options)
    return len(out.getvalue()), np.asarray(Image.open(out).convert("RGB"))


def jxl(pixels, distance):
    data = imagecodecs.jpegxl_encode(pixels, distance=distance, effort=7)
    return len(data), imagecodecs.jpegxl_decode(data)


def ours(source, folder, codec, quality):
    name, *rest = codec.split(":")
    options = []
    for option in rest:
        options += ["--tune", "psnr"] if option == "psnr" else ["--effort", option[1:]]
    coded, decoded = folder + "/x.tin", folder + "/y.ppm"
    run("encode", source, "-o", coded, "--codec", name, "-q", str(quality), "--force", *options)
    run("decode", coded, "-o", decoded, "--force")
    return os.path.getsize(coded), np.asarray(Image.open(decoded).convert("RGB"))


def points(pixels, source, folder, codec):
    if codec == "avif":
        settings = [lambda q=q: pillow(pixels, "AVIF", quality=q, **AVIF) for q in (15, 28, 42, 56, 68, 80, 90)]
    elif codec == "jxl":
        settings = [lambda d=d: jxl(pixels, d) for d in (6, 4.2, 3, 2, 1.3, 0.8, 0.45)]
    elif codec == "jpeg":
        settings = [lambda q=q: pillow(pixels, "JPEG", quality=q, **JPEG) for q in (8, 18, 32, 50, 70, 84, 93)]
    else:
        settings = [lambda q=q: ours(source, folder, codec, q) for q in (8, 20, 35, 50, 65, 78, 90)]
    for make in settings:
        size, decoded = make()
        Image.fromarray(decoded).save(folder + "/z.ppm")
        report = json.loads(run("compare", source, folder + "/z.ppm", "--json"))
        yield size, report


def curve(rows, metric):
    sign = -1 if metric.startswith("butteraugli") else 1
    best = {}
    for size, report in rows:
        best.setdefault(sign * report[metric], np.log(size))
    return np.array(sorted(best.items())).T


def bd_rate(rows, reference, metric, limits):
    (q, b), (rq, rb) = curve(rows, metric), curve(reference, metric)
    low, high = max(q[0], rq[0]), min(q[-1], rq[-1])
    if limits:
        low, high = max(low, limits[0]), min(high, limits[1])
    if high <= low:
        return None
    at = np.linspace(low, high, 200)
    return 100 * (np.exp(np.mean(PchipInterpolator(q, b)(at) - PchipInterpolator(rq, rb)(at))) - 1)


def mean_point(points):
    return np.mean([size for size, _ in points]), {"psnr": np.mean([report["psnr"] for _, report in points])}


def main():
    folder, codecs = sys.argv[1], sys.argv[2:] or ["photo", "photo:psnr"]
    rates, every = {}, []
    for path in sorted(glob.glob(folder + "/*.png")):
        pixels = np.asarray(Image.open(path).convert("RGB"))
        with tempfile.TemporaryDirectory() as scratch:
            source = scratch + "/source.ppm"
            Image.fromarray(pixels).save(source)
            rows = {codec: list(points(pixels, source, scratch, codec)) for codec in ["jpeg", "avif", "jxl", *codecs]}
        every.append(rows)
        for codec in codecs if not MEANS else []:
            for peer in ("jpeg", "avif", "jxl"):
                for metric, limits in METRICS:
                    rate = bd_rate(rows[codec], rows[peer], metric, limits)
                    if rate is not None:
                        rates.setdefault((codec, peer, metric, limits), []).append(rate)
    if MEANS:
        means = {codec: [mean_point([rows[codec][k] for rows in every]) for k in range(7)] for codec in every[0]}
        rates = {
            (codec, peer, "psnr", None): [bd_rate(means[codec], means[peer], "psnr", None)]
            for codec in codecs
            for peer in ("jpeg", "avif", "jxl")
        }
    for (codec, peer, metric, limits), values in rates.items():
        print(f"{codec} against {peer}, {metric} {limits or ''}: {np.mean(values):+.1f} % ({len(every) if MEANS else len(values)} pictures)")


main()
