//! The network of rotations, written once for vectors of floats and of integers, and for both
//! directions. There are no closures: one that is not inlined would be compiled without its
//! caller's SIMD level, and every operation in it would be a call.

use super::angles::{ANGLES_2, ANGLES_4, ANGLES_8, ANGLES_16, EIGHTH, Rotation};
use fearless_simd::{Simd, SimdBase};

/// A sample that can be transformed: `f32` or `i32`.
pub trait Sample: Copy + Default + Send + Sync + private::Vectors {}

impl Sample for f32 {}
impl Sample for i32 {}

pub(super) mod private {
    use super::{FloatLane, IntegerLane, Lane};
    use fearless_simd::Simd;

    /// The vector of a sample type at each SIMD level.
    pub trait Vectors: Sized {
        #[doc(hidden)]
        type Lane<S: Simd>: Lane<S, Self>;
    }

    impl Vectors for f32 {
        type Lane<S: Simd> = FloatLane<S>;
    }

    impl Vectors for i32 {
        type Lane<S: Simd> = IntegerLane<S>;
    }
}

/// What a vector must do: come and go, and rotate by a stored angle and back.
pub trait Lane<S: Simd, T>: Copy {
    /// How many samples it holds.
    const LEN: usize;
    /// The first `LEN` samples of `from`.
    fn load(simd: S, from: &[T]) -> Self;
    /// Into the first `LEN` samples of `to`.
    fn store(self, to: &mut [T]);
    /// `(x cos + y sin, y cos - x sin)`.
    fn rotate(x: Self, y: Self, by: &Rotation) -> (Self, Self);
    /// The inverse of [`Lane::rotate`], exact for integers.
    fn unrotate(x: Self, y: Self, by: &Rotation) -> (Self, Self);
    /// The other sign.
    fn negate(self) -> Self;

    /// Sum and difference, scaled to keep the norm: `(x + y, x - y) / sqrt 2`.
    #[inline(always)]
    fn butterfly(x: Self, y: Self) -> (Self, Self) {
        let (sum, difference) = Self::rotate(x, y, &EIGHTH);
        (sum, difference.negate())
    }

    /// The inverse of [`Lane::butterfly`].
    #[inline(always)]
    fn unbutterfly(sum: Self, difference: Self) -> (Self, Self) {
        Self::unrotate(sum, difference.negate(), &EIGHTH)
    }
}

/// A vector of floats.
#[derive(Clone, Copy)]
pub struct FloatLane<S: Simd>(S::f32s);

/// A vector of integers; sums wrap.
#[derive(Clone, Copy)]
pub struct IntegerLane<S: Simd>(S::i32s);

impl<S: Simd> Lane<S, f32> for FloatLane<S> {
    const LEN: usize = S::f32s::LEN;

    #[inline(always)]
    fn load(simd: S, from: &[f32]) -> Self {
        Self(S::f32s::from_slice(simd, &from[..Self::LEN]))
    }

    #[inline(always)]
    fn store(self, to: &mut [f32]) {
        self.0.store_slice(&mut to[..Self::LEN]);
    }

    #[inline(always)]
    fn rotate(x: Self, y: Self, by: &Rotation) -> (Self, Self) {
        (Self(x.0 * by.cosine + y.0 * by.sine), Self(y.0 * by.cosine - x.0 * by.sine))
    }

    #[inline(always)]
    fn unrotate(x: Self, y: Self, by: &Rotation) -> (Self, Self) {
        (Self(x.0 * by.cosine - y.0 * by.sine), Self(y.0 * by.cosine + x.0 * by.sine))
    }

    #[inline(always)]
    fn negate(self) -> Self {
        Self(-self.0)
    }

    #[inline(always)]
    fn butterfly(x: Self, y: Self) -> (Self, Self) {
        (Self((x.0 + y.0) * EIGHTH.cosine), Self((x.0 - y.0) * EIGHTH.cosine))
    }

    #[inline(always)]
    fn unbutterfly(sum: Self, difference: Self) -> (Self, Self) {
        Self::butterfly(sum, difference)
    }
}

impl<S: Simd> IntegerLane<S> {
    /// `self * factor / 4096` to the nearest, halves up.
    #[inline(always)]
    fn scaled(self, factor: i32) -> S::i32s {
        (self.0 * factor + 2048) >> 12
    }
}

/// A rotation is three shears, each of which its opposite inverts exactly.
impl<S: Simd> Lane<S, i32> for IntegerLane<S> {
    const LEN: usize = S::i32s::LEN;

    #[inline(always)]
    fn load(simd: S, from: &[i32]) -> Self {
        Self(S::i32s::from_slice(simd, &from[..Self::LEN]))
    }

    #[inline(always)]
    fn store(self, to: &mut [i32]) {
        self.0.store_slice(&mut to[..Self::LEN]);
    }

    #[inline(always)]
    fn rotate(x: Self, y: Self, by: &Rotation) -> (Self, Self) {
        let x = Self(x.0 + y.scaled(by.half_tangent_q12));
        let y = Self(y.0 - x.scaled(by.sine_q12));
        (Self(x.0 + y.scaled(by.half_tangent_q12)), y)
    }

    #[inline(always)]
    fn unrotate(x: Self, y: Self, by: &Rotation) -> (Self, Self) {
        let x = Self(x.0 - y.scaled(by.half_tangent_q12));
        let y = Self(y.0 + x.scaled(by.sine_q12));
        (Self(x.0 - y.scaled(by.half_tangent_q12)), y)
    }

    #[inline(always)]
    fn negate(self) -> Self {
        Self((self.0 ^ -1) + 1)
    }
}

/// DCT-II of `$n` points and its inverse from DCT-II and DCT-IV of half as many.
macro_rules! dct_2 {
    ($n:literal, $forward:ident, $inverse:ident, $half_2:ident, $half_2_inverse:ident, $half_4:ident, $half_4_inverse:ident) => {
        #[inline(always)]
        pub(super) fn $forward<S: Simd, T, L: Lane<S, T>>(x: [L; $n]) -> [L; $n] {
            let (mut sums, mut differences) = ([x[0]; $n / 2], [x[0]; $n / 2]);
            for j in 0..$n / 2 {
                (sums[j], differences[j]) = L::butterfly(x[j], x[$n - 1 - j]);
            }
            let (even, odd) = ($half_2(sums), $half_4(differences));
            let mut out = x;
            for k in 0..$n / 2 {
                (out[2 * k], out[2 * k + 1]) = (even[k], odd[k]);
            }
            out
        }

        #[inline(always)]
        pub(super) fn $inverse<S: Simd, T, L: Lane<S, T>>(x: [L; $n]) -> [L; $n] {
            let (mut sums, mut differences) = ([x[0]; $n / 2], [x[0]; $n / 2]);
            for k in 0..$n / 2 {
                (sums[k], differences[k]) = (x[2 * k], x[2 * k + 1]);
            }
            let (sums, differences) = ($half_2_inverse(sums), $half_4_inverse(differences));
            let mut out = x;
            for j in 0..$n / 2 {
                (out[j], out[$n - 1 - j]) = L::unbutterfly(sums[j], differences[j]);
            }
            out
        }
    };
}

/// DCT-IV of `$n` points and its inverse from two DCT-II of half as many.
macro_rules! dct_4 {
    ($n:literal, $forward:ident, $inverse:ident, $half_2:ident, $half_2_inverse:ident, $angles:ident) => {
        #[inline(always)]
        #[allow(clippy::reversed_empty_ranges)] // Two points have no inner pairs.
        fn $forward<S: Simd, T, L: Lane<S, T>>(x: [L; $n]) -> [L; $n] {
            let (mut a, mut b) = ([x[0]; $n / 2], [x[0]; $n / 2]);
            for j in 0..$n / 2 {
                (a[j], b[j]) = L::rotate(x[j], x[$n - 1 - j], &$angles[j]);
                b[j] = if j % 2 == 1 { b[j].negate() } else { b[j] };
            }
            let (a, b) = ($half_2(a), $half_2(b));
            let mut out = x;
            out[0] = a[0];
            out[$n - 1] = b[0].negate();
            for m in 1..$n / 2 {
                (out[2 * m], out[2 * m - 1]) = L::butterfly(a[m], b[$n / 2 - m]);
            }
            out
        }

        #[inline(always)]
        #[allow(clippy::reversed_empty_ranges)] // Two points have no inner pairs.
        fn $inverse<S: Simd, T, L: Lane<S, T>>(x: [L; $n]) -> [L; $n] {
            let (mut a, mut b) = ([x[0]; $n / 2], [x[$n - 1].negate(); $n / 2]);
            for m in 1..$n / 2 {
                (a[m], b[$n / 2 - m]) = L::unbutterfly(x[2 * m], x[2 * m - 1]);
            }
            let (a, b) = ($half_2_inverse(a), $half_2_inverse(b));
            let mut out = x;
            for j in 0..$n / 2 {
                let y = if j % 2 == 1 { b[j].negate() } else { b[j] };
                (out[j], out[$n - 1 - j]) = L::unrotate(a[j], y, &$angles[j]);
            }
            out
        }
    };
}

#[inline(always)]
fn one_point<S: Simd, T, L: Lane<S, T>>(x: [L; 1]) -> [L; 1] {
    x
}

dct_2!(2, forward_2, inverse_2, one_point, one_point, one_point, one_point);
dct_4!(2, forward_4_2, inverse_4_2, one_point, one_point, ANGLES_2);
dct_2!(4, forward_4, inverse_4, forward_2, inverse_2, forward_4_2, inverse_4_2);
dct_4!(4, forward_4_4, inverse_4_4, forward_2, inverse_2, ANGLES_4);
dct_2!(8, forward_8, inverse_8, forward_4, inverse_4, forward_4_4, inverse_4_4);
dct_4!(8, forward_4_8, inverse_4_8, forward_4, inverse_4, ANGLES_8);
dct_2!(16, forward_16, inverse_16, forward_8, inverse_8, forward_4_8, inverse_4_8);
dct_4!(16, forward_4_16, inverse_4_16, forward_8, inverse_8, ANGLES_16);
dct_2!(32, forward_32, inverse_32, forward_16, inverse_16, forward_4_16, inverse_4_16);

/// A network as a type, so that it reaches the loop over memory without a function value.
pub(super) trait Network<const N: usize> {
    /// Transforms `N` vectors.
    fn run<S: Simd, T, L: Lane<S, T>>(x: [L; N]) -> [L; N];
}

macro_rules! network {
    ($name:ident, $n:literal, $function:ident) => {
        pub(super) struct $name;

        impl Network<$n> for $name {
            #[inline(always)]
            fn run<S: Simd, T, L: Lane<S, T>>(x: [L; $n]) -> [L; $n] {
                $function(x)
            }
        }
    };
}

network!(Forward4, 4, forward_4);
network!(Forward8, 8, forward_8);
network!(Forward16, 16, forward_16);
network!(Forward32, 32, forward_32);
network!(Inverse4, 4, inverse_4);
network!(Inverse8, 8, inverse_8);
network!(Inverse16, 16, inverse_16);
network!(Inverse32, 32, inverse_32);
