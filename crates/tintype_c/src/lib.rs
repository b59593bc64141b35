//! Tintype for C: the functions of `include/tintype.h`, as a shared and a static library.
//!
//! In: pointers, which the caller vouches for as the header says; null pointers are refused. Out: statuses; buffers
//! that the functions here free. No panic crosses to C: it becomes `TIN_INTERNAL`. `cargo xtask doors c`
//! compiles `tests/test.c` against the header and runs it.
#![allow(unsafe_code)]

mod memory;
mod status;
mod work;

use memory::{Buffer, Image, bytes_at, free, text_at};
use status::{Failure, Status, guarded};
use std::ffi::{c_char, c_void};
use work::{DecodeOptions, EncodeOptions, Info, Pixels};

/// `tin_version`.
#[unsafe(no_mangle)]
pub extern "C" fn tin_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// `tin_error_message`.
#[unsafe(no_mangle)]
pub extern "C" fn tin_error_message() -> *const c_char {
    status::message()
}

/// `tin_encode`.
///
/// # Safety
/// As the header says: `pixels` points to all rows, `options` and `out` to structures or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tin_encode(
    pixels: *const c_void,
    width: u32,
    height: u32,
    channels: u32,
    bits: u32,
    stride_bytes: usize,
    options: *const EncodeOptions,
    out: *mut Buffer,
) -> Status {
    guarded(|| {
        // SAFETY: the caller vouches for the pointers; null is checked for.
        let out = unsafe { out.as_mut() }.ok_or(Failure::null("out"))?;
        let (encoder, layout) = unsafe { options_at(options) }.and_then(|options| {
            Ok((options.encoder()?, Pixels { width, height, channels, bits, stride_bytes }))
        })?;
        // SAFETY: the header asks for so many bytes at `pixels`.
        let bytes = unsafe { bytes_at(pixels.cast(), layout.len_bytes()?, "pixels") }?;
        out.fill(encoder.encode(&layout.picture(bytes)?)?.bytes);
        Ok(())
    })
}

/// `tin_encode_file`.
///
/// # Safety
/// As the header says: `file` points to `len` bytes, `options` and `out` to structures or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tin_encode_file(
    file: *const u8,
    len: usize,
    options: *const EncodeOptions,
    out: *mut Buffer,
) -> Status {
    guarded(|| {
        // SAFETY: the caller vouches for the pointers; null is checked for.
        let out = unsafe { out.as_mut() }.ok_or(Failure::null("out"))?;
        let encoder = unsafe { options_at(options) }?.encoder()?;
        let bytes = unsafe { bytes_at(file, len, "file") }?;
        out.fill(encoder.encode_file(bytes)?.bytes);
        Ok(())
    })
}

/// `tin_unpack_jpeg`.
///
/// # Safety
/// As the header says: `tin` points to `len` bytes, `out` to a structure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tin_unpack_jpeg(tin: *const u8, len: usize, out: *mut Buffer) -> Status {
    guarded(|| {
        // SAFETY: the caller vouches for the pointers; null is checked for.
        let out = unsafe { out.as_mut() }.ok_or(Failure::null("out"))?;
        let bytes = unsafe { bytes_at(tin, len, "tin") }?;
        out.fill(tintype::Decoder::from_stream(bytes)?.unpack_jpeg()?.unwrap_or_default());
        Ok(())
    })
}

/// `tin_read_info`.
///
/// # Safety
/// As the header says: `tin` points to `len` bytes, `out` to a structure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tin_read_info(tin: *const u8, len: usize, out: *mut Info) -> Status {
    guarded(|| {
        // SAFETY: the caller vouches for the pointers; null is checked for.
        let out = unsafe { out.as_mut() }.ok_or(Failure::null("out"))?;
        *out = Info::read(unsafe { bytes_at(tin, len, "tin") }?)?;
        Ok(())
    })
}

/// `tin_read_orientation`.
///
/// # Safety
/// As the header says: `tin` points to `len` bytes, `out` to a number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tin_read_orientation(tin: *const u8, len: usize, out: *mut u32) -> Status {
    guarded(|| {
        // SAFETY: the caller vouches for the pointers; null is checked for.
        let out = unsafe { out.as_mut() }.ok_or(Failure::null("out"))?;
        *out = work::orientation(unsafe { bytes_at(tin, len, "tin") }?)?;
        Ok(())
    })
}

/// `tin_decode`.
///
/// # Safety
/// As the header says: `tin` points to `len` bytes, `options`, `out` and `cut_off` to structures or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tin_decode(
    tin: *const u8,
    len: usize,
    options: *const DecodeOptions,
    out: *mut Image,
    cut_off: *mut i32,
) -> Status {
    guarded(|| {
        // SAFETY: the caller vouches for the pointers; null is checked for.
        let out = unsafe { out.as_mut() }.ok_or(Failure::null("out"))?;
        let options = match unsafe { options.as_ref() } {
            Some(options) => options.checked()?,
            None => DecodeOptions::default(),
        };
        let bytes = unsafe { bytes_at(tin, len, "tin") }?;
        let is_cut_off = options.decode(bytes, out)?;
        match unsafe { cut_off.as_mut() } {
            Some(cut_off) => *cut_off = is_cut_off.is_some().into(),
            None => {
                if let Some(text) = is_cut_off {
                    out.free();
                    return Err(Failure { status: Status::Truncated, text });
                }
            }
        }
        Ok(())
    })
}

/// `tin_buffer_free`.
///
/// # Safety
/// `buffer` is null or points to a buffer that this library filled and nobody changed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tin_buffer_free(buffer: *mut Buffer) {
    // SAFETY: the caller vouches for the pointer.
    if let Some(buffer) = unsafe { buffer.as_mut() } {
        unsafe { free(&mut buffer.data, &mut buffer.len) };
    }
}

/// `tin_image_free`.
///
/// # Safety
/// `image` is null or points to an image that this library filled and nobody changed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tin_image_free(image: *mut Image) {
    // SAFETY: the caller vouches for the pointer.
    if let Some(image) = unsafe { image.as_mut() } {
        image.free();
    }
}

/// The caller's options, or the usual ones for null.
///
/// # Safety
/// `options` is null or points to options whose `codec` is null or a string.
unsafe fn options_at(options: *const EncodeOptions) -> Result<work::Encode, Failure> {
    // SAFETY: the caller vouches for the pointers.
    let Some(options) = (unsafe { options.as_ref() }) else { return Ok(work::Encode::default()) };
    let codec = unsafe { text_at(options.codec) }?;
    options.with_codec(codec)
}
