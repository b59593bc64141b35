//! The peers: programs, command lines and settings.
//!
//! The ladders span about 0.1 to 2 bits per pixel on photographs, from small to large files.

use super::{Peer, Program};
use crate::codec::Carrier;

const JPEG_Q: &[&str] = &["4", "10", "22", "40", "60", "76", "87", "94"];
const AV1_CQ: &[&str] = &["62", "56", "49", "42", "35", "27", "19", "12"];
const AVIF_Q: &[&str] = &["12", "22", "33", "45", "56", "68", "80", "90"];
const JXL_DISTANCE: &[&str] = &["18", "11", "7", "4.5", "2.8", "1.7", "1", "0.6"];

/// A peer that codes PNM files at a quality; the other fields differ where a line of the table
/// says so.
const fn peer(name: &'static str, encoder: Program) -> Peer {
    Peer {
        name,
        encoder,
        decoders: &[],
        decode: "",
        extension: name,
        takes: Carrier::Pnm,
        gives: Carrier::Pnm,
        setting_kind: "quality",
        ladder: JPEG_Q,
    }
}

/// A program that answers to `--version`.
const fn program(program: &'static str, arguments: &'static str) -> Program {
    Program::Named { program, arguments, version: "--version", proof: "" }
}

/// A program that answers to `version`, with `proof` in its answer.
const fn proven(
    program: &'static str,
    arguments: &'static str,
    version: &'static str,
    proof: &'static str,
) -> Program {
    Program::Named { program, arguments, version, proof }
}

const DJPEG: Peer = Peer {
    decoders: &["djpeg"],
    decode: "-pnm -outfile OUT IN",
    extension: "jpg",
    ..peer("libjpeg-turbo", program("cjpeg", ""))
};

const DWEBP: Peer =
    Peer { decoders: &["dwebp"], decode: "-quiet IN -ppm -o OUT", ..peer("webp", program("cwebp", "")) };

const OPENJPEG: Peer = Peer {
    decoders: &["opj_decompress"],
    decode: "-i IN -o OUT -threads 1 -quiet",
    extension: "jp2",
    ..peer("jpeg2000", program("opj_compress", ""))
};

const DJXL: Peer = Peer {
    decoders: &["djxl"],
    decode: "IN OUT --num_threads=1 --quiet",
    setting_kind: "distance",
    ladder: JXL_DISTANCE,
    ..peer("jxl", program("cjxl", "IN OUT -d Q -e 7 --num_threads=1 --quiet"))
};

const AVIFDEC: Peer = Peer {
    decoders: &["avifdec"],
    decode: "-j 1 --png-compress 1 IN OUT",
    takes: Carrier::Png,
    gives: Carrier::Png,
    setting_kind: "cq-level",
    ladder: AV1_CQ,
    ..peer(
        "avif",
        program("avifenc", "-y 444 -s 6 -j 1 --min 0 --max 63 -a end-usage=q -a cq-level=Q IN OUT"),
    )
};

/// AVIF by Pillow, speed 6 as above. Times are the script's own, without Python's start and
/// without PNG.
const AVIF_IN_PYTHON: Peer = Peer {
    takes: Carrier::Png,
    gives: Carrier::Png,
    ladder: AVIF_Q,
    decode: "import sys,time,io;from PIL import Image;b=open(sys.argv[1],'rb').read();\
t=time.process_time();p=Image.open(io.BytesIO(b)).convert('RGB');t=time.process_time()-t;\
p.save(sys.argv[2],'PNG',compress_level=1);print('{\"decode_ms\":%f}'%(t*1e3))",
    ..peer(
        "avif",
        Program::Python {
            version: "import PIL;from PIL import features as f;assert f.check('avif');\
print('libavif',f.version('avif'),'by Pillow',PIL.__version__)",
            script: "import sys,time;from PIL import Image;p=Image.open(sys.argv[1]).convert('RGB');\
p.load();t=time.process_time();p.save(sys.argv[2],'AVIF',quality=int(sys.argv[3]),speed=6,\
subsampling='4:4:4',max_threads=1);t=time.process_time()-t;print('{\"encode_ms\":%f}'%(t*1e3))",
        },
    )
};

/// JPEG XL by imagecodecs, effort 7 as above.
const JXL_IN_PYTHON: Peer = Peer {
    takes: Carrier::Png,
    gives: Carrier::Png,
    setting_kind: "distance",
    ladder: JXL_DISTANCE,
    decode: "import sys,time,imagecodecs as c;b=open(sys.argv[1],'rb').read();\
t=time.process_time();a=c.jpegxl_decode(b,numthreads=1);t=time.process_time()-t;\
open(sys.argv[2],'wb').write(c.png_encode(a,level=1));print('{\"decode_ms\":%f}'%(t*1e3))",
    ..peer(
        "jxl",
        Program::Python {
            version: "import imagecodecs as c;print(c.jpegxl_version(),'by imagecodecs',c.__version__)",
            script: "import sys,time,imagecodecs as c;a=c.png_decode(open(sys.argv[1],'rb').read());\
t=time.process_time();b=c.jpegxl_encode(a,distance=float(sys.argv[3]),effort=7,numthreads=1);\
t=time.process_time()-t;open(sys.argv[2],'wb').write(b);print('{\"encode_ms\":%f}'%(t*1e3))",
        },
    )
};

/// Every lossy peer.
pub const LOSSY: &[Peer] = &[
    Peer {
        name: "libjpeg-turbo",
        encoder: proven(
            "cjpeg",
            "-quality Q -baseline -optimize -progressive -sample 2x2 -outfile OUT IN",
            "-version",
            "libjpeg-turbo",
        ),
        ..DJPEG
    },
    Peer {
        name: "mozjpeg",
        encoder: proven("cjpeg", "-quality Q -sample 2x2 -outfile OUT IN", "-version", "mozjpeg"),
        ladder: &["4", "12", "25", "45", "65", "80", "90"],
        ..DJPEG
    },
    Peer {
        decoders: &["djpegli"],
        decode: "IN OUT --quiet",
        extension: "jpg",
        setting_kind: "distance",
        ladder: &["25", "16", "10", "6", "3.5", "2.2", "1.4", "0.8"],
        ..peer("jpegli", program("cjpegli", "IN OUT -d Q --quiet"))
    },
    Peer {
        encoder: proven("cwebp", "-quiet -m 6 -q Q IN -o OUT", "-version", ""),
        ladder: &["0", "8", "25", "50", "72", "85", "93"],
        ..DWEBP
    },
    Peer {
        encoder: proven("opj_compress", "-i IN -o OUT -I -r RATIO -threads 1", "-h", "openjp2"),
        setting_kind: "bpp",
        ladder: &["0.1", "0.2", "0.35", "0.6", "1.0", "1.5", "2.2"],
        ..OPENJPEG
    },
    DJXL,
    JXL_IN_PYTHON,
    AVIFDEC,
    AVIF_IN_PYTHON,
    Peer {
        name: "avif-psnr",
        encoder: program(
            "avifenc",
            "-y 444 -s 6 -j 1 --min 0 --max 63 -a end-usage=q -a cq-level=Q -a tune=psnr IN OUT",
        ),
        ..AVIFDEC
    },
    Peer {
        decoders: &["heif-dec", "heif-convert"],
        decode: "IN OUT",
        takes: Carrier::Png,
        gives: Carrier::Png,
        ladder: &["2", "10", "18", "28", "42", "56", "70"],
        ..peer(
            "heic",
            proven(
                "heif-enc",
                "-q Q -p chroma=444 -p x265:pools=none -p x265:frame-threads=1 -o OUT IN",
                "--list-encoders",
                "HEVC",
            ),
        )
    },
];

/// `like` under another name, with another encoder.
const fn variant(name: &'static str, encoder: Program, like: Peer) -> Peer {
    Peer { name, encoder, ..like }
}

/// A lossless encoder at one effort.
const fn at_effort(peer: Peer, ladder: &'static [&'static str]) -> Peer {
    Peer { setting_kind: "effort", ladder, ..peer }
}

const PNG: Peer = Peer {
    extension: "png",
    takes: Carrier::Png,
    gives: Carrier::Png,
    ..peer("png", program("optipng", ""))
};

const WEBP_LOSSLESS: Peer = variant(
    "webp-lossless",
    proven("cwebp", "-quiet -lossless -exact -z Q IN -o OUT", "-version", ""),
    DWEBP,
);

const JXL_LOSSLESS: Peer =
    variant("jxl-lossless-e7", program("cjxl", "IN OUT -d 0 -e Q --num_threads=1 --quiet"), DJXL);

/// Every lossless peer.
pub const LOSSLESS: &[Peer] = &[
    at_effort(
        variant("png-optipng", proven("optipng", "-quiet -oQ -out OUT IN", "-version", ""), PNG),
        &["5"],
    ),
    at_effort(
        variant("png-oxipng", program("oxipng", "--quiet -o Q --threads 1 --out OUT IN"), PNG),
        &["4"],
    ),
    at_effort(WEBP_LOSSLESS, &["9"]),
    at_effort(Peer { name: "webp-lossless-z6", ..WEBP_LOSSLESS }, &["6"]),
    at_effort(
        variant(
            "jpeg2000-lossless",
            proven("opj_compress", "-i IN -o OUT -threads Q", "-h", "openjp2"),
            OPENJPEG,
        ),
        &["1"],
    ),
    at_effort(JXL_LOSSLESS, &["7"]),
    at_effort(Peer { name: "jxl-lossless-e9", ..JXL_LOSSLESS }, &["9"]),
    at_effort(
        variant("avif-lossless", program("avifenc", "--lossless -s Q -j 1 IN OUT"), AVIFDEC),
        &["6"],
    ),
];

/// Programs that are looked for so that the report can say why they are not in it.
pub const NOT_RUN: &[(&str, &str, &str)] = &[(
    "vvenc",
    "vvencapp",
    "it takes 4:2:0 video only and its files need a decoder of another package",
)];
