//! Blocks that are predicted from their own picture.

use super::difference::hadamard;
use super::tools::Samples;
use super::{Block, Choice, Node};
use crate::frame::FrameState;
use crate::intra::{Borders, MODES, Place};
use crate::leaf::{Leaf, Prediction, blocks};
use crate::reconstruct::{add_residual, luma_over, predict_intra, put};
use crate::symbols::{CHROMA_MODES, FROM_LUMA};
use crate::transform::AREA_MAX;
use tintype_image::Plane;

/// Modes that are looked at in pictures of other blocks too: mean, plane, gradient, and every third direction.
const FEW: [u8; 12] = [0, 1, 2, 3, 6, 9, 12, 15, 19, 22, 25, 28];

impl Node<'_> {
    /// Whether intra leaves are tried beside the `best` one so far.
    pub(super) fn wants_intra(&self, (_, side): Block, best: Option<&Choice>) -> bool {
        let Some(best) = best else { return true };
        // Below some error for each sample, in squared steps, references do well: not measured.
        let step = self.search.setting.steps[0] as f32 / 64.0;
        side <= 32 && best.cost > self.search.trials.intra_above * step * step * (side * side) as f32
    }

    /// Offers the best intra leaves.
    pub(super) fn intra(&self, state: &mut FrameState, block: Block, best: &mut Option<Choice>) {
        let (at, side) = block;
        let inter = self.search.setting.around.is_inter();
        let trials = self.search.trials.modes[usize::from(inter)];
        let ranked = self.ranked_modes(state, block, inter);
        let splits: &[bool] =
            if self.search.trials.halves || !inter { &[false, true] } else { &[false] };
        let mut own: Option<Choice> = None;
        for &(_, mode) in ranked.iter().take(trials) {
            for &split in splits {
                let prediction = Prediction::Intra { mode, chroma: 0, slopes: [0; 2] };
                let mut leaf = Leaf { split, ..Leaf::of(prediction) };
                let (error, bits) = self.intra_plane(state, block, 0, &mut leaf);
                let bits = self.leaf_bits(state, block, &mut leaf, bits);
                Choice::offer(
                    &mut own,
                    Choice { leaf, cost: error + self.search.lambda * bits, settled: false },
                );
            }
        }
        let Some(mut own) = own else { return };
        if self.search.setting.format().planes > 1 {
            // Luma as it will be, for chroma to follow.
            let mut luma = own.leaf.clone();
            luma.clear();
            let plane = self.intra_plane(state, block, 0, &mut luma);
            own = self.chroma(state, (at, side), &luma, plane);
        }
        Choice::offer(best, own);
    }

    fn chroma(&self, state: &mut FrameState, block: Block, luma: &Leaf, of_luma: (f32, f32)) -> Choice {
        let mut best: Option<Choice> = None;
        for chroma in 0..CHROMA_MODES as u8 {
            let mut leaf = luma.clone();
            let Prediction::Intra { mode, .. } = leaf.prediction else { break };
            let mut slopes = [0; 2];
            if chroma == FROM_LUMA {
                slopes = [1, 2].map(|plane| self.slope(state, block, plane));
                if slopes == [0; 2] {
                    continue;
                }
            }
            leaf.prediction = Prediction::Intra { mode, chroma, slopes };
            let (mut error, mut bits) = of_luma;
            for plane in 1..3 {
                let of_plane = self.intra_plane(state, block, plane, &mut leaf);
                (error, bits) = (error + of_plane.0, bits + of_plane.1);
            }
            let bits = self.leaf_bits(state, block, &mut leaf, bits);
            Choice::offer(
                &mut best,
                Choice { leaf, cost: error + self.search.lambda * bits, settled: false },
            );
        }
        best.expect("the first mode is always tried")
    }

    /// The slope of a chroma plane against decoded luma.
    fn slope(&self, state: &FrameState, (at, side): Block, plane: usize) -> i8 {
        let format = self.search.setting.format();
        let (_, places) = blocks(format, plane, at, side, false);
        let (mut product, mut square) = (0f32, 1f32);
        for place in places {
            let mut sums = [0i32; AREA_MAX];
            let total = luma_over(format, &state.frame.planes[0], &place, &mut sums);
            let area = place.side * place.side;
            let mean = total as f32 / area as f32;
            let from = &self.search.source.planes[plane];
            let own =
                |i: usize| f32::from(from.row(place.at.1 + i / place.side)[place.at.0 + i % place.side]);
            let own_mean = (0..area).map(own).sum::<f32>() / area as f32;
            for (i, &sum) in sums[..area].iter().enumerate() {
                let luma = (sum as f32 - mean) / (1 << (format.sub_x + format.sub_y)) as f32;
                product += luma * (own(i) - own_mean);
                square += luma * luma;
            }
        }
        (8.0 * product / square).round().clamp(-16.0, 15.0) as i8
    }

    /// Modes of luma by rising cost before the residual is known.
    fn ranked_modes(&self, state: &FrameState, (at, side): Block, few: bool) -> Vec<(f32, u8)> {
        let setting = self.search.setting;
        let (_, places) = blocks(setting.format(), 0, at, side, false);
        let places: Vec<Place> = places.collect();
        // Borders of later transform blocks would need decoded samples: only those of the first are known,
        // for blocks of 64 the others are taken as they stand.
        let all: Vec<u8> = (0..MODES as u8).collect();
        let modes: &[u8] = if few { &FEW } else { &all };
        let mut ranked: Vec<(f32, u8)> = modes.iter().map(|&mode| (0.0, mode)).collect();
        let weight = self.search.lambda.sqrt() * 2.0;
        let samples = &mut self.tools.intra.borrow_mut().predicted;
        for place in &places {
            let borders = Borders::of(state, setting.format(), place);
            for (cost, mode) in &mut ranked {
                borders.predict(*mode, samples);
                *cost += self.hadamard_difference(place, samples);
                *cost += weight * if *mode < 3 { 1.0 } else { 2.0 };
            }
        }
        ranked.sort_by(|a, b| a.0.total_cmp(&b.0));
        ranked
    }

    fn hadamard_difference(&self, place: &Place, samples: &[u16]) -> f32 {
        let from = &self.search.source.planes[0];
        let mut sum = 0;
        for top in (0..place.side).step_by(8) {
            for left in (0..place.side).step_by(8) {
                let mut block = [[0i16; 8]; 8];
                for (row, to) in block.iter_mut().enumerate() {
                    let own = &from.row(place.at.1 + top + row)[place.at.0 + left..][..8];
                    let predicted = &samples[(top + row) * place.side + left..][..8];
                    for k in 0..8 {
                        to[k] = own[k] as i16 - predicted[k] as i16;
                    }
                }
                sum += hadamard(&mut block);
            }
        }
        sum as f32
    }

    /// Fills in the levels of a plane of an intra leaf and leaves its samples in the state; the weighted
    /// squared error, and the bits of the levels.
    fn intra_plane(
        &self,
        state: &mut FrameState,
        (at, side): Block,
        plane: usize,
        leaf: &mut Leaf,
    ) -> (f32, f32) {
        let setting = self.search.setting;
        let (first, places) = blocks(setting.format(), plane, at, side, leaf.split);
        let (mut error, mut bits) = (0.0, 0.0);
        let Samples { predicted: samples, source, differences } = &mut **self.tools.intra.borrow_mut();
        for (number, place) in places.enumerate() {
            let area = place.side * place.side;
            predict_intra(setting, state, &place, &leaf.prediction, samples);
            put(&mut state.frame.planes[plane], place.at, place.side, &samples[..area]);

            self.source(plane, place.at, (place.side, place.side), source);
            for ((to, &a), &b) in differences[..area].iter_mut().zip(&*source).zip(&*samples) {
                *to = a as i16 - b as i16;
            }
            let offset = leaf.levels.len();
            leaf.levels.resize(offset + area, 0);
            let quantised = self.levels(&place, false, &differences[..area], &mut leaf.levels[offset..]);
            let gain = quantised.gain * self.weight(plane);
            if quantised.end == 0 || gain <= self.search.lambda * (quantised.bits + 1.5) {
                leaf.levels.truncate(offset);
            } else {
                leaf.ends[first + number] = quantised.end as u16;
                bits += quantised.bits;
                let samples = &mut state.frame.planes[plane];
                add_residual(setting, samples, &place, &leaf.levels[offset..], quantised.end);
            }
            error += self.squared_error(&state.frame.planes[plane], &place, source) * self.weight(plane);
        }
        (error, bits)
    }

    fn squared_error(&self, plane: &Plane<u16>, place: &Place, source: &[u16]) -> f32 {
        let row_error = |(row, own): (usize, &[u16])| -> f32 {
            let decoded = &plane.row(place.at.1 + row)[place.at.0..][..place.side];
            let square = |(&a, &b): (&u16, &u16)| (f32::from(a) - f32::from(b)).powi(2);
            own.iter().zip(decoded).map(square).sum()
        };
        source.chunks_exact(place.side).take(place.side).enumerate().map(row_error).sum()
    }
}
