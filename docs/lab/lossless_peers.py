#!/usr/bin/env python3
"""lossless_peers.py FOLDER [EFFORT...]: bytes and speed of exact coding beside JPEG XL and WebP.

pip install numpy 'pillow>=11' imagecodecs. TINTYPE names the program [tintype], EVERY takes each n-th picture [1],
JXL lists JPEG XL's efforts [1,2,3,5,9]. EFFORT are ours [1 3 5 7 9]. Each PNG of FOLDER is coded and decoded on one
thread by each; every sample that comes back is compared. Ours runs as a whole program on PNM files, the others inside this
process. Speed is in megabytes of 8-bit samples a second of user time, so that only ratios within one run mean something.
"""
import glob, io, os, resource, subprocess, sys, tempfile
import imagecodecs, numpy as np
from PIL import Image

PROGRAM = os.environ.get("TINTYPE", "tintype")
EVERY = int(os.environ.get("EVERY", "1"))
JXL = [int(effort) for effort in os.environ.get("JXL", "1,2,3,5,9").split(",")]


def timed(who, work):
    start = resource.getrusage(who).ru_utime
    result = work()
    return resource.getrusage(who).ru_utime - start, result


def ours(pixels, effort, folder):
    source, coded, decoded = (f"{folder}/{name}" for name in ("a.pnm", "a.tin", "b.pnm"))
    Image.fromarray(pixels).save(source, "PPM")
    run = lambda *args: subprocess.run([PROGRAM, *args, "--threads", "1", "--force"], check=True, capture_output=True)
    child = resource.RUSAGE_CHILDREN
    encode, _ = timed(child, lambda: run("encode", source, "-o", coded, "--lossless", "--effort", str(effort)))
    decode, _ = timed(child, lambda: run("decode", coded, "-o", decoded))
    return os.path.getsize(coded), encode, decode, np.asarray(Image.open(decoded))


def jxl(pixels, effort):
    own = resource.RUSAGE_SELF
    encode, data = timed(own, lambda: imagecodecs.jpegxl_encode(pixels, lossless=True, effort=effort, numthreads=1))
    decode, back = timed(own, lambda: imagecodecs.jpegxl_decode(data, numthreads=1))
    return len(data), encode, decode, back


def webp(pixels):
    own, out = resource.RUSAGE_SELF, io.BytesIO()
    image = Image.fromarray(pixels)
    encode, _ = timed(own, lambda: image.save(out, "WEBP", lossless=True, quality=100, method=4, exact=True))
    decode, back = timed(own, lambda: np.asarray(Image.open(out).convert(image.mode)))
    return len(out.getvalue()), encode, decode, back


def main():
    folder, efforts = sys.argv[1], [int(effort) for effort in sys.argv[2:]] or [1, 3, 5, 7, 9]
    rows, samples = {}, 0
    for path in sorted(glob.glob(folder + "/*.png"))[::EVERY]:
        image = Image.open(path)
        pixels = np.asarray(image.convert("L" if image.mode == "L" else "RGB"))
        samples += pixels.size
        with tempfile.TemporaryDirectory() as scratch:
            coders = {f"tintype e{effort}": lambda e=effort: ours(pixels, e, scratch) for effort in efforts}
            coders |= {f"JPEG XL e{effort}": lambda e=effort: jxl(pixels, e) for effort in JXL}
            if pixels.ndim == 3:
                coders["WebP m4 q100"] = lambda: webp(pixels)
            for name, code in coders.items():
                size, encode, decode, back = code()
                assert np.array_equal(back, pixels), (name, path)
                row = rows.setdefault(name, [0, 0.0, 0.0])
                for k, value in enumerate((size, encode, decode)):
                    row[k] += value
    print(f"| {samples / 1e6:.1f} MB of samples | bytes | encode | decode |\n|---|---|---|---|")
    for name, (size, encode, decode) in rows.items():
        speeds = [samples / 1e6 / max(seconds, 1e-3) for seconds in (encode, decode)]
        print(f"| {name} | {size} | {speeds[0]:.1f} | {speeds[1]:.1f} |")


main()
