//! The frame of the file that is made, and how many blocks its components have.

use crate::frame::{ComponentInfo, Frame, Process};

/// The frame of `count` components; those behind the first have one sample for `x` × `y` of the
/// first.
pub fn frame_for(
    count: usize,
    (width, height): (usize, usize),
    (x, y): (usize, usize),
    progressive: bool,
) -> Frame {
    let process = if progressive { Process::Progressive } else { Process::Sequential };
    let component = |i: usize| ComponentInfo {
        id: i as u8 + 1,
        h: if i == 0 { x } else { 1 },
        v: if i == 0 { y } else { 1 },
        quant_index: if count == 3 { i } else { 0 },
    };
    let components = (0..count).map(component).collect();
    Frame { process, arithmetic: false, precision: 8, width, height, components }
}

/// How the components of a frame are stored.
#[derive(Clone, Copy, Debug)]
pub struct FrameLayout<'a> {
    /// The frame.
    pub frame: &'a Frame,
}

impl FrameLayout<'_> {
    /// Blocks across and down in storage of component `index`.
    pub fn blocks(&self, index: usize) -> (usize, usize) {
        let (x, y) = self.frame.mcus();
        (x * self.frame.components[index].h, y * self.frame.components[index].v)
    }
}
