//! The order in which the pictures of a group are coded, and what each refers to. Bit-exact.
//!
//! A group is a row of pictures. The first is coded alone; then follow spans of a power of two
//! pictures: the last picture of a span, then the middle ones, level by level. Pictures of one
//! stage need nothing of each other, so that they can be coded in parallel.
//!
//! Source: hierarchical B pictures, Schwarz, Marpe and Wiegand, "Analysis of hierarchical B pictures
//! and MCTF", 2006; altogether as in VP9's and AV1's pyramids of hidden pictures.

/// Most references of a picture.
pub const REFERENCES: usize = 4;

/// A picture in coding order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Its place in the group, from 0.
    pub display: usize,
    /// 0 for the first picture and the ends of spans, more for what lies between.
    pub level: u8,
    /// Places of its references: the nearest before, the nearest after, the second before, the
    /// second after, as far as there are any.
    pub references: Vec<usize>,
    /// The picture whose contexts it starts from.
    pub parent: Option<usize>,
}

impl Slot {
    /// Whether it has no references.
    pub fn is_intra(&self) -> bool {
        self.references.is_empty()
    }
}

/// A span: its stages, and the places that are finished with it, in display order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Independent pictures in each.
    pub stages: Vec<Vec<Slot>>,
    /// Places of the span's pictures.
    pub shown: std::ops::Range<usize>,
}

/// The spans of a group of `count` pictures with spans of `2^span_log2`.
pub fn spans(count: usize, span_log2: u8) -> Vec<Span> {
    if count == 0 {
        return Vec::new();
    }
    let first = Slot { display: 0, level: 0, references: Vec::new(), parent: None };
    let mut spans = vec![Span { stages: vec![vec![first]], shown: 0..1 }];
    let (mut anchors, mut start) = (vec![0usize], 0usize);
    // The picture coded last at each level.
    let mut last: Vec<Option<usize>> = vec![None];
    while start + 1 < count {
        let end = (start + (1 << span_log2)).min(count - 1);
        spans.push(span(&mut anchors, &mut last, (start, end)));
        start = end;
    }
    spans
}

fn span(anchors: &mut Vec<usize>, last: &mut Vec<Option<usize>>, (start, end): (usize, usize)) -> Span {
    let references = anchors.iter().rev().take(2).copied().collect();
    // An end of a span starts from the end before; the first one from the first picture.
    let parent = Some(last[0].unwrap_or(0));
    let mut stages = vec![vec![Slot { display: end, level: 0, references, parent }]];
    last[0] = Some(end);
    anchors.push(end);

    // Coded pictures that may be referred to, and the intervals still open.
    let mut coded: Vec<usize> = anchors.iter().rev().take(3).copied().collect();
    let mut open = vec![(start, end)];
    let mut level = 1u8;
    loop {
        open.retain(|(a, b)| b - a > 1);
        if open.is_empty() {
            break;
        }
        let middle = |&(a, b): &(usize, usize)| (a + b) / 2;
        let index = usize::from(level);
        if last.len() <= index {
            last.push(None);
        }
        let inherited = last[index].or(last[index - 1]);
        let slot = |interval: &(usize, usize)| {
            let display = middle(interval);
            Slot { display, level, references: around(&coded, display), parent: inherited }
        };
        let stage: Vec<Slot> = open.iter().map(slot).collect();
        last[index] = stage.last().map(|slot| slot.display);
        coded.extend(stage.iter().map(|slot| slot.display));
        open = open.iter().flat_map(|i| [(i.0, middle(i)), (middle(i), i.1)]).collect();
        stages.push(stage);
        level += 1;
    }
    Span { stages, shown: start + 1..end + 1 }
}

/// The references of the picture `display` out of `coded`.
fn around(coded: &[usize], display: usize) -> Vec<usize> {
    let mut before: Vec<usize> = coded.iter().copied().filter(|&at| at < display).collect();
    let mut after: Vec<usize> = coded.iter().copied().filter(|&at| at > display).collect();
    before.sort_unstable_by(|a, b| b.cmp(a));
    after.sort_unstable();
    let pick = [before.first(), after.first(), before.get(1), after.get(1)];
    pick.into_iter().flatten().copied().take(REFERENCES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_picture_once_and_references_before_it() {
        for count in 1..40 {
            for span_log2 in 0..=4 {
                let mut done = Vec::new();
                for span in spans(count, span_log2) {
                    for stage in span.stages {
                        for slot in &stage {
                            assert!(
                                slot.references.iter().chain(&slot.parent).all(|r| done.contains(r))
                            );
                            assert!(!slot.references.contains(&slot.display));
                            assert_eq!(slot.is_intra(), slot.display == 0);
                        }
                        done.extend(stage.iter().map(|slot| slot.display));
                    }
                    assert!(span.shown.clone().all(|at| done.contains(&at)));
                }
                done.sort_unstable();
                assert_eq!(done, (0..count).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn a_span_of_four() {
        let spans = spans(9, 2);
        let displays: Vec<Vec<usize>> = spans
            .iter()
            .flat_map(|s| &s.stages)
            .map(|s| s.iter().map(|s| s.display).collect())
            .collect();
        assert_eq!(displays, [vec![0], vec![4], vec![2], vec![1, 3], vec![8], vec![6], vec![5, 7]]);
        let last = spans[2].stages[2].last().expect("a picture");
        assert_eq!((last.references.clone(), last.parent), (vec![6, 8, 4], Some(3)));
    }
}
