use super::*;

/// Means over the 24 Kodak pictures of measured codecs (rate in bits per pixel, PSNR in dB,
/// SSIMULACRA2). The expected numbers below were computed with SciPy's `PchipInterpolator` and
/// NumPy's trapezoid rule on 400 points.
const JPEG_PSNR: [(f64, f64); 8] = [
    (0.131093, 22.808742),
    (0.268375, 26.671808),
    (0.493117, 29.462229),
    (0.743438, 31.422050),
    (0.995930, 32.907571),
    (1.346361, 34.699675),
    (1.909310, 36.995833),
    (2.841560, 39.944787),
];
const JPEG2000_PSNR: [(f64, f64); 7] = [
    (0.099270, 26.335933),
    (0.199506, 28.456846),
    (0.348820, 30.561463),
    (0.599087, 33.062983),
    (0.998200, 35.978383),
    (1.498068, 38.654358),
    (2.197488, 41.537271),
];
const WEBP_PSNR: [(f64, f64); 7] = [
    (0.102569, 25.674854),
    (0.253015, 28.625637),
    (0.427017, 30.718875),
    (0.672735, 33.008892),
    (0.902420, 34.654800),
    (1.447548, 37.606113),
    (2.400006, 40.762783),
];
const AVIF_PSNR: [(f64, f64); 8] = [
    (0.090277, 26.325383),
    (0.130017, 27.443496),
    (0.238536, 29.480646),
    (0.420074, 31.695771),
    (0.781293, 34.707058),
    (1.284067, 37.681350),
    (1.776402, 39.705879),
    (2.606562, 42.291975),
];
const JPEG_SSIMULACRA2: [(f64, f64); 8] = [
    (0.131093, -60.507096),
    (0.268375, -13.911567),
    (0.493117, 33.501454),
    (0.743438, 55.757954),
    (0.995930, 66.031721),
    (1.346361, 74.900617),
    (1.909310, 81.617067),
    (2.841560, 87.351492),
];
const JPEG2000_SSIMULACRA2: [(f64, f64); 7] = [
    (0.099270, -25.518287),
    (0.199506, 3.015929),
    (0.348820, 27.081029),
    (0.599087, 48.672946),
    (0.998200, 65.996188),
    (1.498068, 76.697833),
    (2.197488, 84.554650),
];
const WEBP_SSIMULACRA2: [(f64, f64); 7] = [
    (0.102569, -30.958721),
    (0.253015, 16.089808),
    (0.427017, 39.693596),
    (0.672735, 56.984087),
    (0.902420, 66.955121),
    (1.447548, 78.593746),
    (2.400006, 86.436779),
];
const AVIF_SSIMULACRA2: [(f64, f64); 8] = [
    (0.090277, -14.032196),
    (0.130017, 3.493804),
    (0.238536, 30.246979),
    (0.420074, 52.537192),
    (0.781293, 70.481925),
    (1.284067, 80.156417),
    (1.776402, 85.008687),
    (2.606562, 89.150925),
];

fn points(curve: &[(f64, f64)]) -> Vec<CurvePoint> {
    curve.iter().map(|(rate, quality)| CurvePoint { rate: *rate, quality: *quality }).collect()
}

#[test]
fn agrees_with_scipy_on_measured_curves() {
    let cases = [
        (points(&JPEG2000_PSNR), points(&JPEG_PSNR), -43.527490, 3.082241),
        (points(&WEBP_PSNR), points(&JPEG_PSNR), -35.210821, 2.328660),
        (points(&AVIF_PSNR), points(&JPEG_PSNR), -46.624570, 3.284868),
        (points(&JPEG2000_SSIMULACRA2), points(&JPEG_SSIMULACRA2), -25.130029, 14.271294),
        (points(&WEBP_SSIMULACRA2), points(&JPEG_SSIMULACRA2), -30.461196, 16.525034),
        (points(&AVIF_SSIMULACRA2), points(&JPEG_SSIMULACRA2), -47.865258, 26.744222),
    ];
    for (curve, anchor, rate, quality) in cases {
        assert!((bd_rate(&curve, &anchor).unwrap() - rate).abs() < 1e-4, "{rate}");
        assert!((bd_quality(&curve, &anchor).unwrap() - quality).abs() < 1e-4, "{quality}");
    }
}

#[test]
fn a_curve_at_half_the_rate_saves_fifty_percent_in_any_order() {
    let anchor = points(&JPEG_PSNR);
    let mut half: Vec<CurvePoint> =
        anchor.iter().map(|p| CurvePoint { rate: p.rate / 2.0, ..*p }).collect();
    half.reverse();
    assert!((bd_rate(&half, &anchor).unwrap() + 50.0).abs() < 1e-9);
    assert!((bd_rate(&anchor, &half).unwrap() - 100.0).abs() < 1e-9);
    let better: Vec<CurvePoint> =
        anchor.iter().map(|p| CurvePoint { quality: p.quality + 1.5, ..*p }).collect();
    assert!((bd_quality(&better, &anchor).unwrap() - 1.5).abs() < 1e-9);
}

#[test]
fn points_that_do_not_rise_are_left_out_and_too_few_give_none() {
    let anchor = points(&JPEG_PSNR);
    let mut bumpy = anchor.clone();
    bumpy.push(CurvePoint { rate: anchor[2].rate * 1.01, quality: anchor[2].quality - 3.0 });
    bumpy.push(CurvePoint { rate: f64::NAN, quality: 1.0 });
    assert!(bd_rate(&bumpy, &anchor).unwrap().abs() < 1e-9);
    assert_eq!(bd_rate(&anchor[..2], &anchor), None);
    let far: Vec<CurvePoint> =
        anchor.iter().map(|p| CurvePoint { quality: p.quality + 99.0, ..*p }).collect();
    assert_eq!(bd_rate(&far, &anchor), None);
}
