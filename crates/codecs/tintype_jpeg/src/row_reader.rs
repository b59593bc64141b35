//! Reading the picture of a JPEG file some rows at a time.
//!
//! In: a [`Decoder`]. Out: [`Rows`], the same samples that [`Decoder::decode`] gives.

use super::decoder::Decoder;
use super::row_stream::RowStream;
use tintype_codec::CodecError;
use tintype_image::{Planes, Shape};

/// Rows that are handed out at once of a picture that is held.
const HELD_ROWS: usize = 64;

/// Some rows of a picture, from top to bottom.
#[derive(Clone, Debug)]
pub struct Rows<'r> {
    /// Number of the first one.
    pub first: usize,
    /// How many there are.
    pub count: usize,
    /// For each plane its samples, row after row without gaps.
    pub planes: Vec<&'r [u16]>,
}

/// Hands out the picture of a JPEG file by rows; made by [`Decoder::rows`].
///
/// A sound sequential file, as most are, is decoded while its rows are read, and only two rows of
/// MCUs are held: see [`RowReader::streams`]. Any other file is decoded as a whole at the first
/// call.
///
/// ```
/// # let file = include_bytes!("../../../../testdata/jpeg/baseline_420.jpg");
/// let decoder = tintype_jpeg::Decoder::new(file)?;
/// let mut reader = decoder.rows()?;
/// let mut height = 0;
/// while let Some(rows) = reader.next_rows()? {
///     assert_eq!(rows.planes[0].len(), rows.count * decoder.info().width);
///     height += rows.count;
/// }
/// assert_eq!(height, decoder.info().height);
/// # Ok::<(), tintype_codec::CodecError>(())
/// ```
pub struct RowReader<'a> {
    source: Source<'a>,
    shape: Shape,
    warnings: Vec<String>,
}

enum Source<'a> {
    Streamed { stream: Box<RowStream<'a>>, planes: Vec<Vec<u16>> },
    Held { decoder: &'a Decoder<'a>, planes: Option<Planes>, next: usize },
}

impl<'a> RowReader<'a> {
    fn new(decoder: &'a Decoder<'a>) -> Result<Self, CodecError> {
        let shape = decoder.shape()?;
        let Some(stream) = RowStream::new(decoder.stream_source())? else {
            let source = Source::Held { decoder, planes: None, next: 0 };
            return Ok(Self { source, shape, warnings: Vec::new() });
        };
        let planes = stream.converter.planes(stream.rows_max());
        let source = Source::Streamed { stream: Box::new(stream), planes };
        Ok(Self { source, shape, warnings: decoder.metadata_warnings() })
    }

    /// The shape of the picture.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Whether rows are decoded while they are read, without holding the picture.
    pub fn streams(&self) -> bool {
        matches!(self.source, Source::Streamed { .. })
    }

    /// What was wrong with the file, in words; complete when all rows were read.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The next rows; `None` behind the last one.
    ///
    /// # Errors
    /// `Malformed` for damaged data in a file that streams: [`Decoder::decode`] gives what can be
    /// decoded of it. Otherwise as [`Decoder::decode`].
    pub fn next_rows(&mut self) -> Result<Option<Rows<'_>>, CodecError> {
        let count = self.shape.planes.len();
        match &mut self.source {
            Source::Streamed { stream, planes } => {
                if stream.finished() {
                    return Ok(None);
                }
                let rows = stream.advance().ok_or_else(|| CodecError::Malformed {
                    what: "the data of the JPEG's scan is damaged".into(),
                    at: None,
                })?;
                stream.converter.rows(stream.level(), rows.clone(), planes, 0);
                let samples = rows.len() * self.shape.width_px;
                let planes = planes.iter().take(count).map(|plane| &plane[..samples]).collect();
                Ok(Some(Rows { first: rows.start, count: rows.len(), planes }))
            }
            Source::Held { decoder, planes, next } => {
                if planes.is_none() {
                    let decoded = decoder.decode()?;
                    self.warnings = decoded.warnings;
                    *planes = Some(decoded.planes);
                }
                let (first, width) = (*next, self.shape.width_px);
                let end = (first + HELD_ROWS).min(self.shape.height_px);
                let Some(held) = planes.as_ref().filter(|_| first < end) else { return Ok(None) };
                *next = end;
                let whole = held.planes.iter().map(|p| p.as_slice().unwrap_or_default());
                let planes = whole.map(|p| &p[first * width..end * width]).collect();
                Ok(Some(Rows { first, count: end - first, planes }))
            }
        }
    }
}

impl Decoder<'_> {
    /// A reader of the picture's rows.
    ///
    /// # Errors
    /// `Limit`, `Unsupported` for a picture beyond the limits.
    pub fn rows(&self) -> Result<RowReader<'_>, CodecError> {
        RowReader::new(self)
    }
}
