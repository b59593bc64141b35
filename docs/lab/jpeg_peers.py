#!/usr/bin/env python3
"""jpeg_peers.py PATH...: packed JPEG files against the JPEG XL of Python's packages, byte for byte.

pip install numpy imagecodecs. TINTYPE names the program [tintype], EFFORT its effort [the default], MIN the bytes
below which a file is left out [8192]. Every JPEG file under PATH is packed and unpacked by `tintype`, must come back
byte for byte, and stands beside `imagecodecs.jpegxl_encode_jpeg`. A file that one of the two cannot pack counts as
its own size. Prints a row for each file and the totals; exits with 1 where a file does not come back.
"""
import os, subprocess, sys, tempfile
import imagecodecs

PROGRAM = os.environ.get("TINTYPE", "tintype")
EFFORT = os.environ.get("EFFORT")
MIN = int(os.environ.get("MIN", "8192"))


def jpegs(paths):
    for path in paths:
        names = [path] if os.path.isfile(path) else sorted(os.path.join(d, f) for d, _, fs in os.walk(path) for f in fs)
        for name in names:
            data = open(name, "rb").read()
            if data[:3] == b"\xff\xd8\xff" and len(data) >= MIN:
                yield name, data


def jxl(data):
    try:
        return len(imagecodecs.jpegxl_encode_jpeg(data))
    except imagecodecs.JpegxlError:
        return None


def ours(name, data, folder):
    packed, back = folder + "/x.tin", folder + "/y.jpg"
    effort = ["--effort", EFFORT] if EFFORT else []
    subprocess.run([PROGRAM, "encode", name, "-o", packed, "--codec", "jpeg", "--force", *effort], capture_output=True)
    subprocess.run([PROGRAM, "decode", packed, "-o", back, "--format", "jpg", "--force"], capture_output=True)
    return os.path.getsize(packed), open(back, "rb").read() == data


def main():
    totals, both, worst, lost = [0, 0, 0], [0, 0, 0], [], []
    with tempfile.TemporaryDirectory() as folder:
        for name, data in jpegs(sys.argv[1:]):
            peer = jxl(data)
            size, same = ours(name, data, folder)
            beside = peer or len(data)
            row = (len(data), size, beside)
            totals = [a + b for a, b in zip(totals, row)]
            if peer:
                both = [a + b for a, b in zip(both, row)]
            if not same:
                lost.append(name)
            worst.append((size / beside - 1, name))
            word = "" if same else "  NOT byte for byte"
            print(f"{len(data):9} {size:9} {peer or 'refused':>9} {100 * (size / beside - 1):+7.2f} %  {name}{word}")
    for label, (plain, size, peer) in (("all", totals), ("that JPEG XL takes", both)):
        print(f"{label}: {plain} bytes, tintype {size}, JPEG XL {peer}: {100 * (size / peer - 1):+.2f} %")
    print(f"largest loss: {100 * max(worst)[0]:+.2f} % ({max(worst)[1]}); {len(lost)} of {len(worst)} not byte for byte")
    sys.exit(bool(lost))


main()
