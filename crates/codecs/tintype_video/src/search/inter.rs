//! Blocks that are predicted from references.

use super::difference::squared;
use super::tools::Predicted;
use super::vectors::best_predictor;
use super::{Block, Choice, Hints, Node, VectorSearch};
use crate::compensate::AREA;
use crate::frame::FrameState;
use crate::leaf::{Leaf, Prediction, blocks};
use crate::motion::{Motion, Vector};
use crate::reconstruct::predict_inter;

impl Node<'_> {
    /// Offers the best leaves that refer to other pictures.
    pub(super) fn inter(
        &self,
        state: &FrameState,
        block: Block,
        hints: &mut Hints,
        best: &mut Option<Choice>,
    ) {
        let Some(vectors) = &self.search.vectors else { return };
        let (at, side) = block;
        let list = self.search.setting.around.candidates(state, at, side);
        let mut ranked: Vec<(f32, u8, Motion)> = Vec::with_capacity(8);
        for (number, motion) in list.as_slice().iter().enumerate() {
            let cost = vectors.difference(block, motion) + vectors.lambda * (number as f32 + 0.5);
            ranked.push((cost, number as u8, *motion));
        }
        ranked.sort_by(|a, b| a.0.total_cmp(&b.0));

        let predicted = &mut **self.tools.predicted.borrow_mut();
        let mut empty = false;
        let most = ranked.first().map_or(0.0, |first| first.0 * self.search.trials.worse);
        for (order, &(cost, candidate, motion)) in
            ranked.iter().take(self.search.trials.merges).enumerate()
        {
            if cost > most {
                break;
            }
            let prediction = Prediction::Merge { candidate, motion };
            let has_levels = self.try_inter(state, block, prediction, predicted, best);
            empty |= order == 0 && !has_levels;
        }
        if empty && side >= self.search.trials.early_side {
            if let Some(best) = best {
                best.settled = true;
            }
            return;
        }
        if side > self.search.trials.side_max {
            return;
        }

        let sent = self.sent(vectors, state, block, hints);
        let least = sent.iter().map(|s| s.0).fold(f32::INFINITY, f32::min);
        // What costs a tenth more before the residual is known hardly ever costs less after it.
        let limit = least * 1.1;
        if ranked.first().is_none_or(|first| least < first.0 * 1.05) {
            for (cost, prediction) in sent {
                if cost <= limit {
                    self.try_inter(state, block, prediction, predicted, best);
                }
            }
        }
    }

    /// The best of one reference and of two, each with its cost.
    fn sent(
        &self,
        vectors: &VectorSearch<'_>,
        state: &FrameState,
        block: Block,
        hints: &mut Hints,
    ) -> Vec<(f32, Prediction)> {
        let (at, side) = block;
        let around = &self.search.setting.around;
        let count = vectors.references.len().min(self.search.trials.references.max(1));
        let mut found: Vec<(f32, usize, Vector, [Vector; 2])> = Vec::with_capacity(4);
        for reference in 0..count {
            let predictors = around.predictors(state, at, side, reference);
            let coarse = (at.1 / 32) * self.search.coarse_across + at.0 / 32;
            let (x, y) = self.search.coarse[reference].get(coarse).copied().unwrap_or_default();
            let coarse = Vector::clamped(4 * i32::from(x), 4 * i32::from(y));
            let starts = [coarse, hints.vectors[reference].unwrap_or(coarse)];
            let (vector, cost) = vectors.find(reference, block, &predictors, &starts);
            hints.vectors[reference] = Some(vector);
            found.push((
                cost + vectors.lambda * (1.0 + reference as f32),
                reference,
                vector,
                predictors,
            ));
        }
        let Some(&one) = found.iter().min_by(|a, b| a.0.total_cmp(&b.0)) else { return Vec::new() };
        let which = |vector, predictors: &[Vector; 2]| best_predictor(vector, predictors).0 as u8;
        let mut results = vec![(
            one.0,
            Prediction::Sent {
                motion: Motion::one(one.1, one.2),
                predictors: [which(one.2, &one.3), 0],
            },
        )];

        let mut pairs: Vec<(f32, usize, usize)> = Vec::new();
        for a in 0..found.len() {
            for b in a + 1..found.len() {
                let motion = Motion::two((found[a].1, found[a].2), (found[b].1, found[b].2));
                let bits = best_predictor(found[a].2, &found[a].3).1
                    + best_predictor(found[b].2, &found[b].3).1;
                let cost = vectors.difference(block, &motion) + vectors.lambda * (bits + (a + b) as f32);
                pairs.push((cost, a, b));
            }
        }
        if let Some(&(cost, a, b)) = pairs.iter().min_by(|a, b| a.0.total_cmp(&b.0)) {
            let (mut first, mut second, mut cost) = (found[a].2, found[b].2, cost);
            let mut other = [0u8; AREA];
            let extra = |kept: Vector, predictors| {
                vectors.lambda * (best_predictor(kept, predictors).1 + (a + b) as f32)
            };
            for turn in 0..2 {
                let (fixed, moved, kept) = if turn == 0 { (a, b, first) } else { (b, a, second) };
                vectors.about(found[fixed].1, block, kept, &mut other);
                let start = if turn == 0 { second } else { first };
                let (vector, better) =
                    vectors.refine(found[moved].1, block, &found[moved].3, start, &other);
                let better = better + extra(kept, &found[fixed].3);
                if better < cost {
                    cost = better;
                    if turn == 0 { second = vector } else { first = vector }
                }
            }
            let motion = Motion::two((found[a].1, first), (found[b].1, second));
            let predictors = [which(first, &found[a].3), which(second, &found[b].3)];
            results.push((cost, Prediction::Sent { motion, predictors }));
        }
        results
    }

    /// Offers a prediction without and with levels; whether there are any that pay.
    fn try_inter(
        &self,
        state: &FrameState,
        block: Block,
        prediction: Prediction,
        predicted: &mut Predicted,
        best: &mut Option<Choice>,
    ) -> bool {
        let (at, side) = block;
        let setting = self.search.setting;
        let mut leaf = Leaf::of(prediction);
        let Some(motion) = leaf.motion() else { return false };
        predicted.error = 0.0;
        for plane in 0..setting.format().planes {
            let size = predict_inter(setting, &motion, plane, block, &mut predicted.samples[plane]);
            let (sub_x, sub_y) = setting.format().sub(plane);
            self.source(plane, (at.0 >> sub_x, at.1 >> sub_y), size, &mut predicted.source[plane]);
            let area = size.0 * size.1;
            let error = squared(&predicted.source[plane][..area], &predicted.samples[plane][..area]);
            predicted.error += error as f32 * self.weight(plane);
            predicted.sizes[plane] = size;
        }
        let bits = self.leaf_bits(state, block, &mut leaf, 0.0);
        let empty = predicted.error + self.search.lambda * bits;
        Choice::offer(best, Choice { leaf, cost: empty, settled: false });

        let mut any = false;
        let mut full_cost = f32::INFINITY;
        for split in [false, true] {
            if split && (!any || !self.search.trials.halves || full_cost > empty * 1.2) {
                break;
            }
            let mut leaf = Leaf { split, ..Leaf::of(prediction) };
            let (gain, level_bits) = self.residual(block, predicted, &mut leaf);
            if !leaf.has_levels() {
                break;
            }
            // The quantiser's count of the bits is about a tenth off at most.
            let least = predicted.error - gain + self.search.lambda * 0.8 * level_bits;
            if best.as_ref().is_some_and(|best| best.cost < least) {
                break;
            }
            let bits = self.leaf_bits(state, block, &mut leaf, level_bits);
            let cost = predicted.error - gain + self.search.lambda * bits;
            any |= cost < empty;
            full_cost = full_cost.min(cost);
            Choice::offer(best, Choice { leaf, cost, settled: false });
            if side == 8 {
                break;
            }
        }
        any
    }

    /// Fills in the levels of `leaf`; how much less the weighted squared error is, and the bits of the levels.
    fn residual(&self, (at, side): Block, predicted: &mut Predicted, leaf: &mut Leaf) -> (f32, f32) {
        let Predicted { source, samples, differences, sizes, .. } = predicted;
        let (mut gain, mut bits) = (0.0, 0.0);
        for plane in 0..self.search.setting.format().planes {
            let (first, places) = blocks(self.search.setting.format(), plane, at, side, leaf.split);
            let width = sizes[plane].0;
            for (number, place) in places.enumerate() {
                let (x, y) = (place.at.0 - place.block.0, place.at.1 - place.block.1);
                for (row, to) in differences.chunks_exact_mut(place.side).take(place.side).enumerate() {
                    let start = (y + row) * width + x;
                    let own = &source[plane][start..start + place.side];
                    let from = &samples[plane][start..start + place.side];
                    for ((to, &a), &b) in to.iter_mut().zip(own).zip(from) {
                        *to = a as i16 - b as i16;
                    }
                }
                let area = place.side * place.side;
                let offset = leaf.levels.len();
                leaf.levels.resize(offset + area, 0);
                let quantised =
                    self.levels(&place, true, &differences[..area], &mut leaf.levels[offset..]);
                let weighted = quantised.gain * self.weight(plane);
                // A bit and a half for saying that there are levels.
                if quantised.end == 0 || weighted <= self.search.lambda * (quantised.bits + 1.5) {
                    leaf.levels.truncate(offset);
                } else {
                    leaf.ends[first + number] = quantised.end as u16;
                    gain += weighted;
                    bits += quantised.bits;
                }
            }
        }
        (gain, bits)
    }
}
