//! Payloads: the output of an encoder and input of a decoder, a header and keyed sections.
//!
//! The container stores sections in the order given, each with its key, length and checksum. A
//! reader may skip sections that [`Codec::wants`](crate::Codec::wants) declines. In a truncated
//! file the last section present is partial and later ones are missing.

use tintype_image::Shape;

/// The key of a section: its tile and layer. The codec defines what a layer is (quality,
/// resolution, or both).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SectionKey {
    /// Tile, row by row from the top left; below 2^24.
    pub tile: u32,
    /// Layer within the tile; below 2^12.
    pub layer: u32,
}

/// One piece of a payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Its key.
    pub key: SectionKey,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What an encoder produces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Payload {
    /// The codec's header: everything that decoding needs besides the [`Shape`] and the sections.
    pub header: Vec<u8>,
    /// Sections in file order.
    pub sections: Vec<Section>,
}

/// One piece of a payload, as read from a file.
#[derive(Clone, Copy, Debug)]
pub struct SectionView<'a> {
    /// Its key.
    pub key: SectionKey,
    /// Its bytes, perhaps fewer than were written.
    pub bytes: &'a [u8],
    /// Whether these are all its bytes.
    pub complete: bool,
}

/// A payload as read from a file: skipped sections, and those beyond the end of a truncated file,
/// are missing.
#[derive(Clone, Debug)]
pub struct PayloadView<'a> {
    /// Shape of the whole picture at full size.
    pub shape: &'a Shape,
    /// The codec's header, complete.
    pub header: &'a [u8],
    /// The sections present, in file order.
    pub sections: Vec<SectionView<'a>>,
    /// Whether the file was truncated. A decoder either decodes what is there or returns
    /// `Truncated`.
    pub cut_off: bool,
}

impl<'a> PayloadView<'a> {
    /// The section of a tile that is one section, if it is present: at once where sections stand in the order of tiles,
    /// as encoders write them.
    pub fn section_of_tile(&self, tile: usize) -> Option<&SectionView<'a>> {
        let found = self.sections.binary_search_by_key(&tile, |section| section.key.tile as usize);
        match found {
            Ok(at) if self.sections[at].key.layer == 0 => self.sections.get(at),
            _ => self.sections.iter().find(|section| section.key.tile as usize == tile),
        }
    }
}

impl Payload {
    /// A payload of one layer: one section for each tile, in the order of tiles.
    pub fn from_tiles(header: Vec<u8>, tiles: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let section = |(tile, bytes)| Section { key: SectionKey { tile: tile as u32, layer: 0 }, bytes };
        Self { header, sections: tiles.into_iter().enumerate().map(section).collect() }
    }

    /// The view of the complete payload.
    pub fn view<'a>(&'a self, shape: &'a Shape) -> PayloadView<'a> {
        let sections = self.section_views();
        PayloadView { shape, header: &self.header, sections, cut_off: false }
    }

    /// The sections as their reader would see them.
    pub fn section_views(&self) -> Vec<SectionView<'_>> {
        let mut views = Vec::with_capacity(self.sections.len());
        for section in &self.sections {
            views.push(SectionView { key: section.key, bytes: &section.bytes, complete: true });
        }
        views
    }
}
