//! All SIMD levels of this machine, for tests: the forced scalar one, every lower one, and the
//! best.

use fearless_simd::Level;

pub(crate) fn all() -> Vec<Level> {
    let best = Level::new();
    let mut all = vec![Level::fallback(), best];
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    {
        all.extend(best.as_sse2().map(Level::Sse2));
        all.extend(best.as_sse4_2().map(Level::Sse4_2));
        all.extend(best.as_avx2().map(Level::Avx2));
    }
    all
}

/// Makes a test that runs once at every level: `at_every_level!(name, |level| { … })`.
macro_rules! at_every_level {
    ($name:ident, |$level:ident| $body:block) => {
        #[test]
        fn $name() {
            for $level in crate::levels::all() {
                $body
            }
        }
    };
}

pub(crate) use at_every_level;
