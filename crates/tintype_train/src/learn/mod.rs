//! What `tintype train` without a codec does: fits what can pay to the user's own pictures, from the
//! models in the program, and keeps what is measured to pay.
//!
//! In: pictures, the models in the program, and a [`Judge`], which codes the held-out pictures with
//! the real coder. Out: [`Learnt`]: the best model, if one is better, and what was tried. A trial
//! begins where the best one before it ended. It ends when the time is over, or when it is told to,
//! with the best so far.
//!
//! What is measured is the change of rate at equal PSNR over held-out pictures, real file bytes and
//! the model's own, shared by [`crate::FILES`].

mod likeness;

pub use likeness::{Seen, groups, look, split};

use crate::{Adapting, FitError, PictureList, Progress, fitter};
use std::time::{Duration, Instant};
use tintype_codec::CodecId;
use tintype_metrics::{CurvePoint, bd_rate};

/// Pictures on which a codec shows whether it may be as good as another.
const GLANCE: usize = 4;
/// What it may need more there, percent.
const GLANCE_MAX: f64 = 15.0;
/// What a model must gain to be kept, percent: less is chance.
const LEAST_GAIN: f64 = 0.5;

/// Codes the held-out pictures.
pub trait Judge {
    /// Mean bits a pixel of whole files and mean PSNR, at several qualities, of `codec` under
    /// `model` or the one in the program, over at most `pictures`.
    ///
    /// # Errors
    /// Those of coding, decoding and comparing.
    fn curve(
        &mut self,
        codec: CodecId,
        model: Option<&[u8]>,
        pictures: usize,
    ) -> Result<Vec<CurvePoint>, FitError>;

    /// Bytes of `model` as it is stored.
    fn stored_bytes(&self, model: &[u8]) -> usize;

    /// Bits a pixel that one file's share of a model of so many bytes comes to, where [`crate::FILES`] share
    /// it.
    fn share(&self, model_bytes: usize) -> f64;
}

/// What is to be learnt.
pub struct LearnJob<'a> {
    /// The pictures to fit to.
    pub pictures: &'a PictureList,
    /// Models in the program; the first is the codec that others are measured against, and adapted.
    pub shipped: &'a [(CodecId, Vec<u8>)],
    /// When to end.
    pub time: Duration,
    /// Seed of everything drawn.
    pub seed: u64,
    /// Whether to end now, with the best so far.
    pub is_over: &'a dyn Fn() -> bool,
    /// Called with how far it is.
    pub on_progress: &'a mut dyn FnMut(&Progress<'_>),
}

/// One thing tried.
#[derive(Clone, Debug)]
pub struct Trial {
    /// What was fitted, for people.
    pub what: String,
    /// The codec.
    pub codec: CodecId,
    /// Change of rate at equal PSNR against the best model in the program, percent; negative is
    /// smaller. None where the curves have no PSNR in common.
    pub change: Option<f64>,
    /// Bytes of the model as it is stored; 0 for those in the program.
    pub model_bytes: usize,
    /// What it took.
    pub time: Duration,
}

/// A model that pays.
#[derive(Clone, Debug)]
pub struct Best {
    /// The codec.
    pub codec: CodecId,
    /// The model's file, plain.
    pub model: Vec<u8>,
    /// As in [`Trial`], the model's own bytes counted.
    pub change: f64,
    /// Its curve.
    pub curve: Vec<CurvePoint>,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Learnt {
    /// The codec whose model in the program is best for these pictures, and its curve.
    pub built_in: (CodecId, Vec<CurvePoint>),
    /// All that was tried, the models in the program first.
    pub trials: Vec<Trial>,
    /// The best model, if one is better than all in the program.
    pub best: Option<Best>,
}

/// Fits what can pay and keeps what does.
///
/// # Errors
/// `Misuse` if there is no codec to fit; those of pictures and of the judge.
pub fn learn(mut job: LearnJob<'_>, judge: &mut dyn Judge) -> Result<Learnt, FitError> {
    let begun = Instant::now();
    let learnt = built_in(&mut job, judge)?;
    let Some((codec, shipped)) = job.shipped.first() else { return Ok(learnt) };
    let end = begun + job.time;
    let mut run = Run { job, judge, learnt, codec: *codec, end, started: begun };
    if let Some(fit) = fitter(*codec).filter(|_| !run.is_over()) {
        fit.adapt(shipped, &mut run)?;
    }
    Ok(run.learnt)
}

/// A codec's model while it is adapted.
struct Run<'a, 'b> {
    job: LearnJob<'a>,
    judge: &'b mut dyn Judge,
    learnt: Learnt,
    codec: CodecId,
    end: Instant,
    started: Instant,
}

impl Run<'_, '_> {
    fn is_over(&self) -> bool {
        Instant::now() >= self.end || (self.job.is_over)()
    }
}

impl Adapting for Run<'_, '_> {
    fn pictures(&self) -> &PictureList {
        self.job.pictures
    }

    fn seed(&self) -> u64 {
        self.job.seed
    }

    fn goes_on(&mut self, stage: &str, done: f32) -> bool {
        let objective = self.learnt.best.as_ref().map(|best| ("% smaller so far", -best.change as f32));
        (self.job.on_progress)(&Progress { stage, done, objective });
        !self.is_over()
    }

    fn begin(&mut self) {
        self.started = Instant::now();
    }

    fn measure(&mut self, what: &str, model: Vec<u8>) -> Result<(), FitError> {
        let begun = (what, self.started);
        judged(self.judge, &mut self.learnt, begun, self.codec, model).map(|_| ())
    }
}

/// How the models in the program do: the first, and others where a few pictures say that they may be
/// as good.
fn built_in(job: &mut LearnJob<'_>, judge: &mut dyn Judge) -> Result<Learnt, FitError> {
    let begun = Instant::now();
    let mut measure = |codec: CodecId, pictures: usize| {
        (job.on_progress)(&Progress {
            stage: "measuring the built-in models",
            done: 0.0,
            objective: None,
        });
        judge.curve(codec, None, pictures)
    };
    let Some(&(first, _)) = job.shipped.first() else {
        let what = "this build has no codec whose model can be fitted".into();
        return Err(FitError::Misuse { what });
    };
    let trial = |codec, change, begun: Instant, what: &str| Trial {
        what: what.into(),
        codec,
        change,
        model_bytes: 0,
        time: begun.elapsed(),
    };
    let mut best = (first, measure(first, usize::MAX)?);
    let mut trials = vec![trial(first, Some(0.0), begun, "built in")];
    let mut few = None;
    for (codec, _) in job.shipped.iter().filter(|(codec, _)| *codec != first) {
        let begun = Instant::now();
        let reference = match few.take() {
            Some(curve) => curve,
            None => measure(first, GLANCE)?,
        };
        let change = bd_rate(&measure(*codec, GLANCE)?, &reference);
        few = Some(reference);
        if change.is_none_or(|change| change > GLANCE_MAX) {
            trials.push(trial(*codec, change, begun, "built in, a few pictures"));
            continue;
        }
        let curve = measure(*codec, usize::MAX)?;
        let change = bd_rate(&curve, &best.1);
        trials.push(trial(*codec, change, begun, "built in"));
        if change.is_some_and(|change| change < 0.0) {
            best = (*codec, curve);
        }
    }
    Ok(Learnt { built_in: best, trials, best: None })
}

/// Measures `model` and keeps it if it is better than the best so far.
fn judged(
    judge: &mut dyn Judge,
    learnt: &mut Learnt,
    (what, begun): (&str, Instant),
    codec: CodecId,
    model: Vec<u8>,
) -> Result<bool, FitError> {
    let curve = judge.curve(codec, Some(&model), usize::MAX)?;
    let stored = judge.stored_bytes(&model);
    let share = judge.share(stored);
    let with_model: Vec<CurvePoint> =
        curve.iter().map(|point| CurvePoint { rate: point.rate + share, ..*point }).collect();
    let change = bd_rate(&with_model, &learnt.built_in.1);
    learnt.trials.push(Trial {
        what: what.into(),
        codec,
        change,
        model_bytes: stored,
        time: begun.elapsed(),
    });
    let so_far = learnt.best.as_ref().map_or(-LEAST_GAIN, |best| best.change);
    let Some(change) = change.filter(|change| *change < so_far) else { return Ok(false) };
    learnt.best = Some(Best { codec, model, change, curve });
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    const PHOTO: CodecId = crate::photo::ID;

    /// Says that own models need `share` of the bytes of those in the program.
    struct Fixed {
        share: f64,
        bytes_of_model: usize,
    }

    impl Judge for Fixed {
        fn curve(
            &mut self,
            _: CodecId,
            model: Option<&[u8]>,
            _: usize,
        ) -> Result<Vec<CurvePoint>, FitError> {
            let share = if model.is_some() { self.share } else { 1.0 };
            let point =
                |i: i32| CurvePoint { rate: share * 2f64.powi(i), quality: 30.0 + 4.0 * f64::from(i) };
            Ok((0..4).map(point).collect())
        }

        fn stored_bytes(&self, _: &[u8]) -> usize {
            self.bytes_of_model
        }

        fn share(&self, model_bytes: usize) -> f64 {
            model_bytes as f64 / 1e6
        }
    }

    fn learnt(share: f64, bytes_of_model: usize) -> Learnt {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let pictures =
            ["photo_a.png", "photo_b.png"].map(|name| folder.join("testdata/pictures").join(name));
        let model = std::fs::read(folder.join("models/photo.tinmodel")).unwrap();
        let asked = std::cell::Cell::new(0);
        let job = LearnJob {
            pictures: &PictureList::new(pictures.to_vec()),
            shipped: &[(PHOTO, model)],
            time: Duration::from_secs(3600),
            seed: 1,
            // Contexts are taught in two rounds, then time is over.
            is_over: &|| {
                asked.set(asked.get() + 1);
                asked.get() > 3
            },
            on_progress: &mut |_| (),
        };
        learn(job, &mut Fixed { share, bytes_of_model }).unwrap()
    }

    #[test]
    fn a_model_is_kept_only_if_it_pays_for_itself_too() {
        let better = learnt(0.9, 100);
        let best = better.best.expect("10 % smaller");
        assert!((best.change + 10.0).abs() < 0.1, "{}", best.change);
        assert!(better.trials.len() >= 2, "the one in the program and one more");
        assert!(learnt(1.1, 0).best.is_none(), "larger");
        assert!(learnt(0.9, 1_000_000).best.is_none(), "the model costs more than it saves");
        assert!(learnt(0.997, 0).best.is_none(), "too little to tell");
    }
}
