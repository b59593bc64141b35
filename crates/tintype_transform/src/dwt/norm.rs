//! L2 norms of the bands' synthesis functions: the error in the plane that a unit error in a band
//! makes.
//!
//! Tables for levels 1 to 8, computed from the filters and tested against the slow twin; deeper
//! levels use the last row.

use super::{Band, Orientation};

/// Synthesis norms of the 9/7 transform as scaled here: for each level `LowLow`, `HighLow` or
/// `LowHigh`, `HighHigh`.
#[rustfmt::skip]
const NORM_9_7: [[f32; 3]; 8] = [
    [0.98295, 1.01129, 1.04044], [1.0306, 0.99841, 0.96722], [1.05209, 1.04584, 1.03963],
    [1.05847, 1.06676, 1.07512], [1.06015, 1.07292, 1.08584], [1.06058, 1.07454, 1.08868],
    [1.06069, 1.07495, 1.0894], [1.06072, 1.07505, 1.08958],
];

/// Synthesis norms of the 5/3 transform.
#[rustfmt::skip]
const NORM_5_3: [[f32; 3]; 8] = [
    [1.5, 1.03833, 0.71875], [2.75, 1.59222, 0.92188], [5.375, 2.91966, 1.58594],
    [10.6875, 5.70278, 3.04297], [21.34375, 11.33671, 6.02148], [42.67188, 22.63892, 12.01074],
    [85.33594, 45.26059, 24.00521], [170.66797, 90.5125, 48.0045],
];

/// L2 norm of the synthesis function of `band` for the 9/7 filter, far from borders.
pub fn norm_9_7(band: Band) -> f32 {
    look_up(&NORM_9_7, band)
}

/// L2 norm of the synthesis function of `band` for the 5/3 filter, far from borders; rounding is
/// left out.
pub fn norm_5_3(band: Band) -> f32 {
    look_up(&NORM_5_3, band)
}

fn look_up(table: &[[f32; 3]; 8], band: Band) -> f32 {
    if band.level == 0 {
        return 1.0;
    }
    let row = table[usize::from(band.level).min(8) - 1];
    match band.orientation {
        Orientation::LowLow => row[0],
        Orientation::HighLow | Orientation::LowHigh => row[1],
        Orientation::HighHigh => row[2],
    }
}
