//! A network: named programs, and the arrays that belong to them.

use crate::{NnError, Program};
use std::collections::BTreeMap;

/// Numbers that belong to a model beside its layers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Array {
    /// 16-bit values.
    I16(Vec<i16>),
    /// 32-bit values.
    I32(Vec<i32>),
}

/// A trained network, ready to run. [`Network::to_bytes`] and [`Network::from_bytes`] are the
/// payload of a model file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Its name for people.
    pub name: String,
    /// Its programs.
    pub programs: BTreeMap<String, Program>,
    /// Its arrays.
    pub arrays: BTreeMap<String, Array>,
}

impl Network {
    /// The program called `name`.
    ///
    /// # Errors
    /// `Misuse` if there is none.
    pub fn program(&self, name: &str) -> Result<&Program, NnError> {
        self.programs
            .get(name)
            .ok_or_else(|| NnError::Misuse { what: format!("there is no program \"{name}\"") })
    }

    /// The 16-bit array called `name`, which must have `count` values.
    ///
    /// # Errors
    /// `Misuse` if there is none of that kind and size.
    pub fn array_i16(&self, name: &str, count: usize) -> Result<&[i16], NnError> {
        match self.arrays.get(name) {
            Some(Array::I16(list)) if list.len() == count => Ok(list),
            _ => Err(NnError::Misuse {
                what: format!("there is no array \"{name}\" of {count} 16-bit values"),
            }),
        }
    }

    /// The 32-bit array called `name`, which must have `count` values.
    ///
    /// # Errors
    /// `Misuse` if there is none of that kind and size.
    pub fn array_i32(&self, name: &str, count: usize) -> Result<&[i32], NnError> {
        match self.arrays.get(name) {
            Some(Array::I32(list)) if list.len() == count => Ok(list),
            _ => Err(NnError::Misuse {
                what: format!("there is no array \"{name}\" of {count} 32-bit values"),
            }),
        }
    }
}
