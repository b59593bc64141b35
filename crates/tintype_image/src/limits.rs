//! How much an operation may use; passed in, never global.

use crate::ImageError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Upper bounds on what a decoder or reader may allocate or accept.
///
/// ```
/// use tintype_image::Limits;
///
/// let limits = Limits { samples_max: 50_000_000, ..Limits::default() };
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest width and largest height, in pixels; at most 65 535.
    pub side_px_max: u32,
    /// Largest number of pixels.
    pub pixels_max: u64,
    /// Largest number of samples of all planes together.
    pub samples_max: u64,
    /// Largest number of planes; at most 32.
    pub planes_max: u32,
    /// Largest single metadata item in bytes: a colour profile, EXIF, XMP,
    /// or any other.
    pub metadata_bytes_max: u64,
    /// Largest number of sections of a file: its tiles times their layers.
    pub sections_max: u64,
    /// Largest number of chunks of a file beside head, index and data.
    pub chunks_max: u32,
    /// How long work on one file may take, from [`Limits::started`] on. It is looked at between tiles, rows, scans and
    /// pictures: work ends a little later than that.
    pub time_max: Option<Duration>,
    /// When that time is over, once work has begun.
    pub ends_at: Option<Instant>,
}

impl Default for Limits {
    /// 65 535 pixels a side and no further bound on pixels, 2^30 samples, 32 planes, 64 MiB of any one metadata item,
    /// 2^20 sections, 256 chunks, no bound on time.
    fn default() -> Self {
        Self {
            side_px_max: 65_535,
            pixels_max: u64::MAX,
            samples_max: 1 << 30,
            planes_max: 32,
            metadata_bytes_max: 64 << 20,
            sections_max: 1 << 20,
            chunks_max: 256,
            time_max: None,
            ends_at: None,
        }
    }
}

/// Memory that a program takes without a picture: code, models, tables.
const MEMORY_BYTES_BASE: u64 = 48 << 20;
/// Memory for each sample, at most: peak memory of encodes and decodes of 1600 × 1000 pixels, noise on
/// a slope, on one thread, less that of one pixel, was 3 (cluster) to 8 bytes a sample (wavelet) for decodes, 7
/// (cluster) to 11 (planes) for encodes; files of other formats may take as much again.
const MEMORY_BYTES_PER_SAMPLE: u64 = 16;

impl Limits {
    /// Limits under which work on one picture takes about `bytes` of memory at most.
    ///
    /// ```
    /// use tintype_image::Limits;
    ///
    /// let limits = Limits::within_memory(1 << 30);
    /// assert!(limits.samples_max < 70_000_000 && limits.samples_max > 60_000_000);
    /// assert_eq!(Limits::within_memory(0).samples_max, 0);
    /// ```
    pub fn within_memory(bytes: u64) -> Self {
        let free = bytes.saturating_sub(MEMORY_BYTES_BASE);
        let plain = Self::default();
        Self {
            samples_max: plain.samples_max.min(free / MEMORY_BYTES_PER_SAMPLE),
            metadata_bytes_max: plain.metadata_bytes_max.min(free / 4),
            ..plain
        }
    }

    /// The same limits, whose time runs from now on, unless it runs already.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tintype_image::Limits;
    ///
    /// let limits = Limits { time_max: Some(Duration::ZERO), ..Limits::default() };
    /// assert!(limits.check_time().is_ok() && limits.started().check_time().is_err());
    /// ```
    pub fn started(self) -> Self {
        // A machine without a clock is asked only where there is a limit.
        let end = |time: Duration| Instant::now().checked_add(time);
        Self { ends_at: self.ends_at.or_else(|| self.time_max.and_then(end)), ..self }
    }

    /// Whether there is time left.
    ///
    /// # Errors
    /// `Limit` if not.
    pub fn check_time(&self) -> Result<(), ImageError> {
        match self.ends_at {
            Some(end) if Instant::now() >= end => {
                let max = self.time_max.map_or(0, |time| time.as_millis() as u64);
                Err(ImageError::Limit { what: "milliseconds of work on one file", max })
            }
            _ => Ok(()),
        }
    }
}

/// Number of worker threads an operation may use, at least 1.
///
/// ```
/// use tintype_image::Threads;
///
/// assert_eq!(Threads::new(0), Threads::ONE);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Threads(usize);

impl Threads {
    /// One thread: the caller's.
    pub const ONE: Self = Self(1);

    /// `count` threads; 0 counts as 1.
    pub fn new(count: usize) -> Self {
        Self(count.max(1))
    }

    /// As many threads as the machine runs at once.
    pub fn available() -> Self {
        Self(std::thread::available_parallelism().map_or(1, |n| n.get()))
    }

    /// The number of threads.
    pub fn count(self) -> usize {
        self.0
    }

    /// Runs `work(0) .. work(count - 1)`, the caller's thread included; threads take the next
    /// index when they are free. Not generic, so that a program has each `work` once, and what
    /// starts threads once for all.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    ///
    /// let sum = AtomicUsize::new(0);
    /// tintype_image::Threads::new(2).for_each(5, &|index| {
    ///     sum.fetch_add(index, Ordering::Relaxed);
    /// });
    /// assert_eq!(sum.into_inner(), 10);
    /// ```
    ///
    /// # Panics
    /// If `work` panics.
    pub fn for_each(self, count: usize, work: &(dyn Fn(usize) + Sync)) {
        let workers = self.0.min(count);
        if workers <= 1 {
            return (0..count).for_each(work);
        }
        let next = AtomicUsize::new(0);
        let drain = || {
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= count {
                    break;
                }
                work(index);
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..workers {
                scope.spawn(drain);
            }
            drain();
        });
    }
}
