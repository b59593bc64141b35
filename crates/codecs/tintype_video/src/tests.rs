use crate::encode::encode_observed;
use crate::{Format, Frame, GroupDecoder, GroupSettings};
use fearless_simd::Level;
use tintype_codec::{CodecError, Exec};
use tintype_image::{ColourModel, Limits, Planes, Shape, Threads, YCbCrMatrix};

/// Pictures in which a textured square moves over a gradient, with noise.
fn pictures(shape: &Shape, count: usize) -> Vec<Planes> {
    let mut random = fastrand::Rng::with_seed(11);
    let max = i32::from(shape.planes[0].sample_max());
    let scale = (max + 1) / 256;
    let picture = |time: usize| {
        let mut planes = Planes::new(shape.clone());
        for (index, plane) in planes.planes.iter_mut().enumerate() {
            let (width, height) = (plane.width(), plane.height());
            let (left, top) = (time * width / 40, time * height / 60);
            for y in 0..height {
                for x in 0..width {
                    let inside =
                        (left..left + width / 3).contains(&x) && (top..top + height / 2).contains(&y);
                    let value = if inside {
                        90 + ((x - left) * 37 + (y - top) * 11) as i32 % 80
                    } else {
                        40 + (x * 2 + y + 30 * index) as i32 % 150
                    };
                    plane.row_mut(y)[x] = ((value + random.i32(-2..3)) * scale).clamp(0, max) as u16;
                }
            }
        }
        planes
    };
    (0..count).map(picture).collect()
}

fn shape(width: usize, height: usize, bits: u8, sampling: Option<(u8, u8)>) -> Shape {
    let Some((x, y)) = sampling else { return Shape::gray(width, height, bits) };
    let mut shape = Shape::rgb(width, height, bits);
    shape.colour = ColourModel::YCbCr(YCbCrMatrix::Bt601);
    for plane in &mut shape.planes[1..] {
        (plane.subsample_x_log2, plane.subsample_y_log2) = (x, y);
    }
    shape
}

fn settings(effort: u8) -> GroupSettings {
    GroupSettings { span_log2: 2, ..GroupSettings::of_quality(70.0, effort) }
}

fn exec(threads: usize, level: Level) -> Exec {
    Exec { threads: Threads::new(threads), level, limits: Limits::default() }
}

fn padded(planes: &[Planes]) -> (Format, Vec<Frame>) {
    let format = Format::of(&planes[0].shape, &Limits::default()).expect("a format for clips");
    (format, planes.iter().map(|planes| Frame::padded(planes, &format)).collect())
}

fn decoded(bytes: &[u8], format: &Format, exec: &Exec) -> Result<Vec<Frame>, CodecError> {
    let mut decoder = GroupDecoder::new(bytes.to_vec(), format, exec)?;
    let mut frames = Vec::new();
    loop {
        let span = decoder.next_span()?;
        if span.is_empty() {
            return Ok(frames);
        }
        frames.extend(span);
    }
}

#[test]
fn every_sampling_and_depth_decodes_to_what_the_encoder_had() {
    let samplings = [None, Some((1, 1)), Some((1, 0)), Some((0, 1)), Some((0, 0))];
    for (sampling, bits, size) in [
        (samplings[0], 8, (70, 50)),
        (samplings[1], 8, (97, 75)),
        (samplings[1], 10, (64, 64)),
        (samplings[2], 10, (75, 33)),
        (samplings[3], 12, (40, 72)),
        (samplings[4], 8, (66, 40)),
        (samplings[1], 8, (1, 1)),
    ] {
        let planes = pictures(&shape(size.0, size.1, bits, sampling), 7);
        let (format, frames) = padded(&planes);
        let mut had = vec![None; frames.len()];
        let exec = exec(1, Level::new());
        let bytes = encode_observed(
            frames.clone(),
            &format,
            &settings(4),
            &exec,
            Some(&mut |at, frame| had[at] = Some(frame.clone())),
        );
        let back = decoded(&bytes, &format, &exec).expect("decodes");
        assert_eq!(back.len(), 7);
        for (at, frame) in back.iter().enumerate() {
            assert_eq!(Some(frame), had[at].as_ref(), "picture {at} of {sampling:?} {bits}");
            let shown = frame.cropped(&planes[at].shape);
            let pairs =
                shown.planes.iter().zip(&planes[at].planes).flat_map(|(a, b)| a.rows().zip(b.rows()));
            let (mut sum, mut count) = (0f64, 0f64);
            for (a, b) in pairs.flat_map(|(a, b)| a.iter().zip(b)) {
                sum += f64::from(a.abs_diff(*b));
                count += 1.0;
            }
            assert!(sum / count < 6.0 * f64::from(1u16 << (bits - 8)), "picture {at}: {}", sum / count);
        }
    }
}

#[test]
fn threads_and_levels_change_nothing() {
    let planes = pictures(&shape(136, 72, 8, Some((1, 1))), 10);
    let (format, frames) = padded(&planes);
    let bytes = |exec: &Exec| crate::encode_frames(frames.clone(), &format, &settings(5), exec);
    let one = exec(1, Level::new());
    let first = bytes(&one);
    for threads in [2, 5] {
        assert_eq!(bytes(&exec(threads, Level::new())), first, "{threads} threads");
    }
    let back = decoded(&first, &format, &one).expect("decodes");
    for (threads, level) in [(3, Level::new()), (1, Level::fallback()), (2, Level::fallback())] {
        assert_eq!(decoded(&first, &format, &exec(threads, level)).as_ref(), Ok(&back));
    }
}

#[test]
fn efforts_are_all_decodable() {
    let planes = pictures(&shape(80, 80, 8, Some((1, 1))), 6);
    let (format, frames) = padded(&planes);
    let exec = exec(2, Level::new());
    for effort in 1..=9 {
        let bytes = crate::encode_frames(frames.clone(), &format, &settings(effort), &exec);
        assert_eq!(decoded(&bytes, &format, &exec).map(|frames| frames.len()), Ok(6), "effort {effort}");
    }
}

#[test]
fn hostile_bytes_give_pictures_or_an_error() {
    let planes = pictures(&shape(72, 40, 8, Some((1, 1))), 6);
    let (format, frames) = padded(&planes);
    let exec = exec(1, Level::new());
    let bytes = crate::encode_frames(frames.clone(), &format, &settings(3), &exec);
    let mut random = fastrand::Rng::with_seed(5);
    for _ in 0..150 {
        let mut damaged = bytes.clone();
        for _ in 0..random.usize(1..8) {
            let at = random.usize(..damaged.len());
            damaged[at] = random.u8(..);
        }
        let _ = decoded(&damaged, &format, &exec);
    }
    for len in (0..bytes.len()).step_by(7) {
        assert!(decoded(&bytes[..len], &format, &exec).is_err());
    }
    for _ in 0..60 {
        let mut made: Vec<u8> = vec![3, 1, 0];
        made.extend([random.u8(..96), random.u8(..64), 40, random.u8(..96), 9, 40, 30, 0, 40]);
        made.extend((0..120).map(|_| random.u8(..)));
        assert_eq!(decoded(&made, &format, &exec).map(|frames| frames.len()), Ok(3));
    }
}

#[test]
fn limits_bound_what_is_held() {
    let planes = pictures(&shape(64, 64, 8, None), 5);
    let (format, frames) = padded(&planes);
    let bytes = crate::encode_frames(frames.clone(), &format, &settings(1), &exec(1, Level::new()));
    let limits = Limits { samples_max: 3 * 64 * 64, ..Limits::default() };
    let tight = Exec { limits, ..exec(1, Level::new()) };
    assert!(matches!(GroupDecoder::new(bytes, &format, &tight), Err(CodecError::Limit { .. })));
}

#[test]
fn what_stands_still_costs_next_to_nothing() {
    let planes = pictures(&shape(128, 128, 8, Some((1, 1))), 1);
    let still = vec![planes[0].clone(); 9];
    let (format, frames) = padded(&still);
    let exec = exec(1, Level::new());
    let one = crate::encode_frames(frames[..1].to_vec(), &format, &settings(5), &exec).len();
    let all = crate::encode_frames(frames.clone(), &format, &settings(5), &exec).len();
    assert!(all < one + one / 2, "{one} bytes for one picture, {all} for nine");
}

#[test]
fn a_cut_is_found_and_motion_is_none() {
    let planes = pictures(&shape(192, 128, 8, Some((1, 1))), 4);
    let mut other = planes[0].clone();
    for y in 0..128 {
        for (x, sample) in other.planes[0].row_mut(y).iter_mut().enumerate() {
            *sample = (if (x / 48 + y / 40) % 2 == 0 { 235 } else { 12 } + x % 5) as u16;
        }
    }
    let clip = [&planes[0], &planes[1], &planes[2], &other, &other, &planes[3]].map(Clone::clone);
    let (format, frames) = padded(&clip);
    let mut finder = crate::CutFinder::default();
    let exec = exec(1, Level::new());
    let cuts: Vec<bool> = frames.iter().map(|frame| finder.begins_anew(frame, &format, &exec)).collect();
    assert_eq!(cuts, [false, false, false, true, false, true]);
}
