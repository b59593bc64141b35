//! Laboratory tools.
