//! The ways in which making or running a network fails.

tintype_error::errors! {
    /// What went wrong with a network.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub enum NnError of "network", text String
}
