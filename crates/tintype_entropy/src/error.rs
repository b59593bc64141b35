//! Errors of entropy coding. Their texts are constants: a decoder makes one without allocating.

tintype_error::errors! {
    /// What went wrong with a code or a table.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub enum EntropyError of "code", text &'static str
}
