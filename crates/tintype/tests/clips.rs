//! Clips through the hall: damage, cuts, seeking, threads.
#![cfg(feature = "video")]

use std::io::Cursor;
use tintype::{ClipDecoder, ClipEncoder, ClipInfo, PlaneInfo, PlaneRole, Planes, Shape};

const GROUP: usize = 4;
const GROUPS: usize = 6;

/// A clip of six groups of four pictures in which a bright bar moves.
fn clip(threads: usize) -> (Vec<u8>, Vec<Planes>) {
    let info = ClipInfo::new(Shape::gray(72, 40, 8), (25, 1)).words("F25:1 Cmono Ip");
    let mut encoder =
        ClipEncoder::new(&info).unwrap().quality(70.0).effort(3).group(GROUP).threads(threads);
    let mut file = Vec::new();
    for time in 0..GROUP * GROUPS {
        let mut planes = Planes::new(info.shape.clone());
        for y in 0..40 {
            for (x, sample) in planes.planes[0].row_mut(y).iter_mut().enumerate() {
                let bar = x / 6 == time % 12;
                *sample = (40 + (x * y * 7) % 31 + if bar { 120 } else { 2 * y }) as u16;
            }
        }
        file.extend(encoder.push(&planes).unwrap());
    }
    file.extend(encoder.finish().unwrap());
    let pictures = pictures(&file).0;
    assert_eq!(pictures.len(), GROUP * GROUPS);
    (file, pictures)
}

fn pictures(file: &[u8]) -> (Vec<Planes>, Vec<std::ops::Range<u32>>, bool) {
    let mut decoder = ClipDecoder::with_threads(file, 2).unwrap();
    let mut pictures = Vec::new();
    while let Some(planes) = decoder.next_picture().unwrap() {
        pictures.push(planes);
    }
    (pictures, decoder.damaged().to_vec(), decoder.is_complete())
}

/// Where each record begins, by its mark.
fn records(file: &[u8]) -> Vec<usize> {
    (0..file.len() - 4).filter(|&at| file[at..at + 4] == *b"\x89REC").collect()
}

#[test]
fn threads_change_no_byte() {
    assert_eq!(clip(1).0, clip(3).0);
}

#[test]
fn one_group_destroyed_leaves_every_other_exact() {
    let (file, whole) = clip(2);
    let starts = records(&file);
    assert_eq!(starts.len(), GROUPS + 2);
    let mut random = 12_345u32;
    let mut next = |below: usize| {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (random >> 8) as usize % below
    };
    for trial in 0..50 {
        let group = next(GROUPS);
        let (start, end) = (starts[1 + group], starts[2 + group]);
        let mut damaged = file.clone();
        match trial % 3 {
            // Some bytes of it, all of it, and bytes that are missing.
            0 => {
                (0..1 + next(9)).for_each(|_| damaged[start + next(end - start)] ^= 1 + next(255) as u8)
            }
            1 => damaged[start..end].iter_mut().for_each(|byte| *byte = next(256) as u8),
            _ => drop(damaged.drain(start + next((end - start) / 2)..end - next((end - start) / 2))),
        }
        if damaged == file {
            continue;
        }
        let (got, lost, complete) = pictures(&damaged);
        let first = group * GROUP;
        assert!(complete && got.len() == whole.len(), "trial {trial}");
        let expected = first as u32..(first + GROUP) as u32;
        assert!(lost.len() == 1 && lost[0] == expected, "trial {trial}: {lost:?}");
        for (at, picture) in got.iter().enumerate() {
            let lost = (first..first + GROUP).contains(&at);
            if !lost {
                assert_eq!(picture, &whole[at], "trial {trial}, picture {at}");
            } else if first > 0 {
                assert_eq!(picture, &whole[first - 1], "the last good picture stands still");
            }
        }
    }
}

#[test]
fn a_cut_clip_plays_up_to_the_cut() {
    let (file, whole) = clip(2);
    let starts = records(&file);
    for (cut, least) in
        [(starts[3], 2 * GROUP), (starts[3] + 40, 2 * GROUP), (file.len() - 13, GROUP * GROUPS)]
    {
        let (got, lost, complete) = pictures(&file[..cut]);
        assert!(!complete && lost.is_empty());
        assert!(got.len() >= least && got[..] == whole[..got.len()]);
    }
}

#[test]
fn seeking_gives_the_very_picture() {
    let (file, whole) = clip(2);
    for cut in [file.len(), file.len() - 5] {
        let mut decoder = ClipDecoder::new(Cursor::new(&file[..cut])).unwrap();
        for at in [23, 0, 9, 16, 3] {
            decoder.seek(at).unwrap();
            assert_eq!(
                decoder.next_picture().unwrap().as_ref(),
                Some(&whole[at as usize]),
                "picture {at}"
            );
        }
        assert!(decoder.seek(99).is_err());
    }
}

#[test]
fn any_flip_is_a_picture_or_an_error() {
    let (file, _) = clip(1);
    for at in (0..file.len()).step_by(11) {
        let mut damaged = file.clone();
        damaged[at] ^= 0x41;
        if let Ok(mut decoder) = ClipDecoder::with_threads(&damaged[..], 1) {
            let mut count = 0;
            while let Ok(Some(_)) = decoder.next_picture() {
                count += 1;
                assert!(count < 1000);
            }
        }
    }
}

/// RGB with a further plane, of which a square moves in both.
fn with_further(role: PlaneRole, bits: u8) -> Vec<Planes> {
    let mut shape = Shape::rgb(70, 44, 8);
    shape.planes.push(PlaneInfo::new(role, bits));
    let picture = |time: usize| {
        let mut planes = Planes::new(shape.clone());
        for (index, plane) in planes.planes.iter_mut().enumerate() {
            for y in 0..44 {
                for (x, sample) in plane.row_mut(y).iter_mut().enumerate() {
                    let inside = (2 * time..2 * time + 20).contains(&x) && y > 15;
                    let texture = x * 3 + y * (index + 1) + (x * y) % 5;
                    *sample = if inside { 200 + (texture % 20) as u16 } else { texture as u16 % 128 };
                }
            }
        }
        planes
    };
    (0..7).map(picture).collect()
}

fn coded(info: &ClipInfo, pictures: &[Planes]) -> Vec<u8> {
    let mut encoder = ClipEncoder::new(info).unwrap().effort(2).quality(60.0).group(3);
    let mut file = Vec::new();
    for (ticks, planes) in pictures.iter().enumerate() {
        file.extend(encoder.push_for(planes, 10 * ticks as u32).unwrap());
    }
    file.extend(encoder.finish().unwrap());
    file
}

#[test]
fn exact_clips_give_every_sample_back_and_times() {
    for (role, bits) in [(PlaneRole::Alpha, 8), (PlaneRole::Depth, 16)] {
        let clip = with_further(role, bits);
        let info = ClipInfo::new(clip[0].shape.clone(), (100, 1)).exact().timed();
        let file = coded(&info, &clip);
        assert_eq!(pictures(&file), (clip, Vec::new(), true));
        let mut decoder = ClipDecoder::new(Cursor::new(&file)).unwrap();
        assert_eq!(decoder.info(), &info);
        for at in [5, 0, 3] {
            decoder.seek(at).unwrap();
            decoder.next_picture().unwrap();
            assert_eq!(decoder.ticks(), 10 * at);
        }
    }
}

#[test]
fn opacity_and_depth_beside_lossy_colours_are_exact() {
    for (role, bits) in [(PlaneRole::Alpha, 8), (PlaneRole::Depth, 16)] {
        let clip = with_further(role, bits);
        let file = coded(&ClipInfo::new(clip[0].shape.clone(), (25, 1)), &clip);
        let (got, lost, complete) = pictures(&file);
        assert!(lost.is_empty() && complete && got.len() == clip.len());
        for (a, b) in got.iter().zip(&clip) {
            assert!(a.planes[3] == b.planes[3] && a.planes[..3] != b.planes[..3] && a.shape == b.shape);
        }
        // The middle one of three groups is damaged.
        let starts = records(&file);
        let mut damaged = file.clone();
        damaged[starts[2] + 60] ^= 0x20;
        let (part, lost, _) = pictures(&damaged);
        assert!(lost.len() == 1 && lost[0] == (3..6));
        assert!(part[..3] == got[..3] && part[6..] == got[6..] && part[4] == got[2]);
    }
}
