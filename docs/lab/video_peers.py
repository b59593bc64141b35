"""Clips by tintype and by encoders of ffmpeg: bytes, PSNR, BD-rate.

    python docs/lab/video_peers.py --ffmpeg FFMPEG --tintype TINTYPE CLIP.y4m ...

Every encoder gets all frames, the same intra period and one file for each quality; bytes are those
of the bare stream (`-f h264`, `-f hevc`, `-f ivf`) or of the .tin file. PSNR is the mean over frames of each
plane's PSNR, weighed 6:1:1. BD-rate is the mean difference of the logarithm of the rate over the
common range of PSNR, between points by monotone cubic interpolation.
"""
import argparse
import json
import math
import os
import subprocess
import tempfile
import time

import numpy as np

PEERS = {
    "x264 medium": ["-c:v", "libx264", "-preset", "medium", "-tune", "psnr"],
    "x264 veryfast": ["-c:v", "libx264", "-preset", "veryfast", "-tune", "psnr"],
    "x264 ultrafast": ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "psnr"],
    "x265 medium": ["-c:v", "libx265", "-preset", "medium", "-tune", "psnr"],
}


def read_y4m(data):
    """Planes of all frames, as floats, and the largest sample."""
    line, rest = data.split(b"\n", 1)
    words = line.decode().split()
    width = int(next(w for w in words if w[0] == "W")[1:])
    height = int(next(w for w in words if w[0] == "H")[1:])
    sampling = next((w[1:] for w in words if w[0] == "C"), "420jpeg")
    deep = sampling.endswith("p10")
    across, down = {"420": (2, 2), "422": (2, 1), "444": (1, 1)}[sampling[:3]]
    small = (-(-width // across), -(-height // down))
    sizes = [(width, height), small, small]
    dtype = np.dtype("<u2" if deep else "u1")
    frames, at = [], 0
    while at < len(rest):
        at = rest.index(b"\n", at) + 1
        planes = []
        for w, h in sizes:
            count = w * h
            planes.append(np.frombuffer(rest, dtype, count, at).reshape(h, w).astype(np.float32))
            at += count * dtype.itemsize
        frames.append(planes)
    return frames, 1023.0 if deep else 255.0


def psnr(a, b):
    """Of luma and both chroma planes, and all weighed."""
    frames, top = a
    other, _ = b
    assert len(frames) == len(other), (len(frames), len(other))
    sums = np.zeros(3)
    for x, y in zip(frames, other):
        for p in range(3):
            mse = float(np.mean((x[p] - y[p]) ** 2))
            sums[p] += 10 * math.log10(top * top / max(mse, 1e-9))
    sums /= len(frames)
    return [float(v) for v in sums], float((6 * sums[0] + sums[1] + sums[2]) / 8)


def bd_rate(base, other):
    """Mean difference of rate in percent, at the same PSNR."""

    def curve(points):
        points = sorted((q, math.log(r)) for r, q in points)
        return np.array([p[0] for p in points]), np.array([p[1] for p in points])

    def slopes(x, y):
        h, d = np.diff(x), np.diff(y) / np.diff(x)
        m = np.zeros_like(y)
        for i in range(1, len(x) - 1):
            if d[i - 1] * d[i] > 0:
                w1, w2 = 2 * h[i] + h[i - 1], h[i] + 2 * h[i - 1]
                m[i] = (w1 + w2) / (w1 / d[i - 1] + w2 / d[i])
        m[0], m[-1] = d[0], d[-1]
        return m

    def at(x, y, m, q):
        i = np.clip(np.searchsorted(x, q) - 1, 0, len(x) - 2)
        h, t = x[i + 1] - x[i], (q - x[i]) / (x[i + 1] - x[i])
        a, b = (1 + 2 * t) * (1 - t) ** 2, t * (1 - t) ** 2
        c, d = t * t * (3 - 2 * t), t * t * (t - 1)
        return a * y[i] + b * h * m[i] + c * y[i + 1] + d * h * m[i + 1]

    (x1, y1), (x2, y2) = curve(base), curve(other)
    low, high = max(x1[0], x2[0]), min(x1[-1], x2[-1])
    if high - low < 0.5:
        return float("nan")
    grid = np.linspace(low, high, 400)
    gap = at(x2, y2, slopes(x2, y2), grid) - at(x1, y1, slopes(x1, y1), grid)
    return (math.exp(float(np.mean(gap))) - 1) * 100


def run_peer(args, clip, source, options, crf, period):
    hevc = "libx265" in options
    params = f"keyint={period}:min-keyint=1"
    extra = ["-x265-params", params + ":log-level=error"] if hevc else ["-x264-params", params]
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out.bin")
        kind = "hevc" if hevc else "h264"
        start = time.time()
        subprocess.run([args.ffmpeg, "-v", "error", "-y", "-i", clip, *options, "-crf", str(crf), *extra,
                        "-f", kind, out], check=True)
        seconds = time.time() - start
        raw = subprocess.run([args.ffmpeg, "-v", "error", "-f", kind, "-i", out, "-fps_mode", "passthrough", "-f",
                              "yuv4mpegpipe", "-strict", "-1", "-"], check=True, capture_output=True).stdout
        return os.path.getsize(out), psnr(source, read_y4m(raw)), seconds


def run_ours(args, clip, source, quality, effort, period):
    with tempfile.TemporaryDirectory() as folder:
        tin, back = os.path.join(folder, "out.tin"), os.path.join(folder, "back.y4m")
        start = time.time()
        subprocess.run([args.tintype, "encode", clip, "-o", tin, "-q", str(quality), "--effort", str(effort),
                        "--group", str(period)], check=True)
        seconds = time.time() - start
        subprocess.run([args.tintype, "decode", tin, "-o", back], check=True)
        with open(back, "rb") as file:
            return os.path.getsize(tin), psnr(source, read_y4m(file.read())), seconds


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ffmpeg", default="ffmpeg")
    parser.add_argument("--tintype", default="tintype")
    parser.add_argument("--period", type=int, default=32)
    parser.add_argument("--crfs", default="22,27,32,37")
    parser.add_argument("--qualities", default="85,75,65,55,45")
    parser.add_argument("--efforts", default="5")
    parser.add_argument("--json", help="writes every point here")
    parser.add_argument("clips", nargs="+")
    args = parser.parse_args()
    records = []
    for clip in args.clips:
        with open(clip, "rb") as file:
            source = read_y4m(file.read())
        count, curves = len(source[0]), {}
        jobs = [(name, lambda crf, o=options: run_peer(args, clip, source, o, crf, args.period), args.crfs)
                for name, options in PEERS.items()]
        jobs += [(f"tintype effort {e}", lambda q, e=e: run_ours(args, clip, source, q, e, args.period), args.qualities)
                 for e in args.efforts.split(",")]
        for name, run, values in jobs:
            for value in values.split(","):
                size, (planes, mean), seconds = run(int(value))
                curves.setdefault(name, []).append((size, mean))
                records.append({"clip": os.path.basename(clip), "encoder": name, "setting": int(value), "bytes": size,
                                "psnr_y": planes[0], "psnr_u": planes[1], "psnr_v": planes[2], "psnr": mean,
                                "fps": count / seconds})
                print(f"{os.path.basename(clip)} {name} {value}: {size} bytes, PSNR {mean:.3f} (Y {planes[0]:.3f} "
                      f"U {planes[1]:.3f} V {planes[2]:.3f}), {count / seconds:.1f} fps", flush=True)
        for name in curves:
            if name.startswith("tintype"):
                for peer in PEERS:
                    print(f"{os.path.basename(clip)}: {name} against {peer}: BD-rate {bd_rate(curves[peer], curves[name]):+.1f} %")
    if args.json:
        with open(args.json, "w") as file:
            json.dump(records, file, indent=1)


if __name__ == "__main__":
    main()
