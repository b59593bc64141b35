//! How much an operation may use; passed in, never global.

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
    /// Largest number of samples of all planes together.
    pub samples_max: u64,
    /// Largest number of planes; at most 32.
    pub planes_max: u32,
    /// Largest single metadata item, in bytes.
    pub metadata_bytes_max: u64,
}

impl Default for Limits {
    /// 65 535 pixels a side, 2^30 samples, 32 planes, 64 MiB of any one metadata item.
    fn default() -> Self {
        Self { side_px_max: 65_535, samples_max: 1 << 30, planes_max: 32, metadata_bytes_max: 64 << 20 }
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
}
