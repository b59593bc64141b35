//! How much a reader accepts.

/// Upper bounds on what [`crate::Reader`] accepts; memory grows only with bytes that are
/// really there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContainerLimits {
    /// Largest head, in bytes.
    pub head_bytes_max: u64,
    /// Largest number of sections.
    pub sections_max: u64,
    /// Largest total of all sections that are read, in bytes.
    pub data_bytes_max: u64,
    /// Largest single metadata item, unpacked, in bytes. Unknown chunks count as metadata.
    pub metadata_bytes_max: u64,
    /// Largest number of chunks besides head, index and data.
    pub chunks_max: u32,
}

impl Default for ContainerLimits {
    /// 1 MiB of head, 2^20 sections, 1 GiB of data, 64 MiB of any one metadata item, 256 chunks.
    fn default() -> Self {
        Self {
            head_bytes_max: 1 << 20,
            sections_max: 1 << 20,
            data_bytes_max: 1 << 30,
            metadata_bytes_max: 64 << 20,
            chunks_max: 256,
        }
    }
}
