//! What crosses the border: bytes of the caller's, and bytes that the caller is given.

use crate::status::Failure;
use std::ffi::{CStr, c_char};
use std::ptr::null_mut;

/// `tin_buffer`.
#[repr(C)]
pub struct Buffer {
    /// Null if `len` is 0.
    pub data: *mut u8,
    pub len: usize,
}

impl Buffer {
    /// Hands `bytes` over. What the structure held before is not read: it may be uninitialised.
    pub fn fill(&mut self, bytes: Vec<u8>) {
        (self.data, self.len) = given(bytes);
    }
}

/// `tin_image`.
#[repr(C)]
pub struct Image {
    pub width: u32,
    pub height: u32,
    pub channels: u32,
    pub bits: u32,
    /// Null if `len` is 0.
    pub pixels: *mut u8,
    pub len: usize,
}

impl Image {
    /// Hands `bytes` over. What the structure held before is not read: it may be uninitialised.
    pub fn fill(&mut self, size: (u32, u32), (channels, bits): (u32, u32), bytes: Vec<u8>) {
        (self.width, self.height) = size;
        (self.channels, self.bits) = (channels, bits);
        (self.pixels, self.len) = given(bytes);
    }

    /// Takes the pixels back.
    pub fn free(&mut self) {
        // SAFETY: images are filled by `fill` alone; the header says that nobody may change them.
        unsafe { free(&mut self.pixels, &mut self.len) };
    }
}

/// Bytes for the caller; [`free`] takes them back.
fn given(bytes: Vec<u8>) -> (*mut u8, usize) {
    if bytes.is_empty() {
        return (null_mut(), 0);
    }
    let bytes = bytes.into_boxed_slice();
    let len = bytes.len();
    (Box::into_raw(bytes).cast(), len)
}

/// Takes back what [`given`] gave, and leaves null and 0.
///
/// # Safety
/// `data` and `len` are what [`given`] gave, or null and anything.
pub unsafe fn free(data: &mut *mut u8, len: &mut usize) {
    if !data.is_null() {
        // SAFETY: they came from a box of `len` bytes.
        drop(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(*data, *len)) });
    }
    (*data, *len) = (null_mut(), 0);
}

/// The caller's bytes.
///
/// # Safety
/// `data` is null or points to `len` bytes that nobody writes to while they are in use.
pub unsafe fn bytes_at<'a>(data: *const u8, len: usize, name: &str) -> Result<&'a [u8], Failure> {
    if len == 0 {
        return Ok(&[]);
    }
    if data.is_null() {
        return Err(Failure::null(name));
    }
    if isize::try_from(len).is_err() {
        return Err(Failure::misuse(format!("{name} of {len} bytes")));
    }
    // SAFETY: the caller vouches for it; not null, and no longer than memory can be.
    Ok(unsafe { std::slice::from_raw_parts(data, len) })
}

/// The caller's text; `None` for null.
///
/// # Safety
/// `text` is null or points to a string that ends with a 0.
pub unsafe fn text_at<'a>(text: *const c_char) -> Result<Option<&'a str>, Failure> {
    if text.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller vouches for it.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_str().map(Some).map_err(|_| Failure::misuse("the codec's name is not UTF-8"))
}
