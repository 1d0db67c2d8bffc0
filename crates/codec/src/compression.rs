//! Compression by magic bytes, bounded on the way back.

use std::io::Read;

use thiserror::Error;

const ZSTD_MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];
const GZIP_MAGIC: [u8; 2] = [0x1F, 0x8B];

/// The largest window (as a power of two) that a zstd frame may ask the
/// streaming decoder to keep: 32 MiB, the default bound of a whole record.
const ZSTD_WINDOW_LOG_MAX: u32 = 25;

/// How a record is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// Zstandard (RFC 8878), at level 3.
    Zstd,
    /// gzip (RFC 1952), at its default level.
    Gzip,
}

/// What kept a record from being packed or unpacked.
#[derive(Debug, Error)]
pub enum CodecError {
    /// The bytes are not what their first ones claim.
    #[error("broken {format}: {cause}")]
    Broken {
        /// `zstd`, `gzip` or `KPL aggregate`.
        format: &'static str,
        /// What the decoder said.
        cause: String,
    },
    /// What the record was delivered in cannot be undone.
    #[error("the data is not base64")]
    NotBase64,
    /// It unpacks past the bound.
    #[error("unpacks to more than {limit} bytes")]
    TooLarge {
        /// The bound.
        limit: usize,
    },
    /// The compressor failed.
    #[error("cannot compress: {0}")]
    Compress(#[source] std::io::Error),
}

impl Compression {
    /// The compression that those first bytes claim.
    pub fn of(bytes: &[u8]) -> Self {
        if bytes.starts_with(&ZSTD_MAGIC) {
            Self::Zstd
        } else if bytes.starts_with(&GZIP_MAGIC) {
            Self::Gzip
        } else {
            Self::None
        }
    }
}

/// Compresses; [`Compression::None`] copies.
///
/// # Errors
/// [`CodecError::Compress`] when the compressor fails, as for want of memory.
pub fn compress(compression: Compression, bytes: &[u8]) -> Result<Vec<u8>, CodecError> {
    match compression {
        Compression::None => Ok(bytes.to_vec()),
        Compression::Zstd => zstd::bulk::compress(bytes, 3).map_err(CodecError::Compress),
        Compression::Gzip => {
            let mut encoder =
                flate2::bufread::GzEncoder::new(bytes, flate2::Compression::default());
            let mut out = Vec::new();
            encoder
                .read_to_end(&mut out)
                .map_err(CodecError::Compress)?;
            Ok(out)
        }
    }
}

/// Decompresses by magic bytes, with a zstd context that is kept.
#[derive(Default)]
pub struct Decompressor {
    zstd: Option<zstd::bulk::Decompressor<'static>>,
}

impl std::fmt::Debug for Decompressor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Decompressor")
    }
}

impl Decompressor {
    /// Replaces `out` by what `bytes` decompress to, `limit` bytes at most.
    /// `compression` is not [`Compression::None`].
    ///
    /// # Errors
    /// [`CodecError::Broken`] or [`CodecError::TooLarge`]; `out` then holds
    /// nothing of worth.
    pub fn decompress(
        &mut self,
        compression: Compression,
        bytes: &[u8],
        limit: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), CodecError> {
        out.clear();
        match compression {
            Compression::None => {
                out.extend_from_slice(bytes);
                Ok(())
            }
            Compression::Gzip => {
                let decoder = flate2::bufread::MultiGzDecoder::new(bytes);
                read_bounded("gzip", decoder, limit, out)
            }
            Compression::Zstd => self.zstd(bytes, limit, out),
        }
    }

    /// In one piece where the frame says how long its content is and nothing
    /// follows it; as a stream otherwise.
    fn zstd(&mut self, bytes: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<(), CodecError> {
        let broken = |cause: std::io::Error| CodecError::Broken {
            format: "zstd",
            cause: cause.to_string(),
        };
        let single_frame = zstd::zstd_safe::find_frame_compressed_size(bytes) == Ok(bytes.len());
        if single_frame && let Ok(Some(length)) = zstd::zstd_safe::get_frame_content_size(bytes) {
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            if length > limit {
                return Err(CodecError::TooLarge { limit });
            }
            out.reserve(length);
            let context = match &mut self.zstd {
                Some(context) => context,
                empty => empty.insert(zstd::bulk::Decompressor::new().map_err(broken)?),
            };
            context.decompress_to_buffer(bytes, out).map_err(broken)?;
            return Ok(());
        }
        let mut decoder = zstd::stream::read::Decoder::with_buffer(bytes).map_err(broken)?;
        decoder
            .window_log_max(ZSTD_WINDOW_LOG_MAX)
            .map_err(broken)?;
        read_bounded("zstd", decoder, limit, out)
    }
}

fn read_bounded(
    format: &'static str,
    reader: impl Read,
    limit: usize,
    out: &mut Vec<u8>,
) -> Result<(), CodecError> {
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    reader
        .take(most)
        .read_to_end(out)
        .map_err(|cause| CodecError::Broken {
            format,
            cause: cause.to_string(),
        })?;
    if out.len() > limit {
        return Err(CodecError::TooLarge { limit });
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn unpack(bytes: &[u8], limit: usize) -> Result<Vec<u8>, CodecError> {
        let mut out = Vec::new();
        Decompressor::default().decompress(Compression::of(bytes), bytes, limit, &mut out)?;
        Ok(out)
    }

    proptest! {
        #[test]
        fn what_is_packed_unpacks(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
            for compression in [Compression::Zstd, Compression::Gzip] {
                let packed = compress(compression, &bytes).unwrap();
                prop_assert_eq!(Compression::of(&packed), compression);
                prop_assert_eq!(&unpack(&packed, bytes.len()).unwrap(), &bytes);
                let short = bytes.len().saturating_sub(1);
                if short < bytes.len() {
                    let bounded = unpack(&packed, short);
                    let refused = matches!(bounded, Err(CodecError::TooLarge { .. }));
                    prop_assert!(refused);
                }
            }
        }

        #[test]
        fn broken_bytes_are_an_error_and_no_more(
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
            compression in prop_oneof![Just(Compression::Zstd), Just(Compression::Gzip)],
            at in any::<prop::sample::Index>(), flip in 1u8..,
        ) {
            let mut packed = compress(compression, &bytes).unwrap();
            let at = at.index(packed.len());
            packed[at] ^= flip;
            if let Ok(out) = unpack(&packed, 4096) {
                prop_assert!(out.len() <= 4096);
            }
        }
    }

    #[test]
    fn several_frames_and_members_are_one_text() {
        for compression in [Compression::Zstd, Compression::Gzip] {
            let two = [
                compress(compression, b"a\n").unwrap(),
                compress(compression, b"b").unwrap(),
            ]
            .concat();
            assert_eq!(unpack(&two, 100).unwrap(), b"a\nb");
        }
    }

    #[test]
    fn a_frame_without_its_size_is_bounded_too() {
        let bomb = zstd::stream::encode_all(std::io::repeat(b' ').take(64 << 20), 1).unwrap();
        assert!(bomb.len() < 100_000);
        assert!(matches!(
            unpack(&bomb, 32 << 20),
            Err(CodecError::TooLarge { .. })
        ));
        assert_eq!(unpack(&bomb, 64 << 20).unwrap().len(), 64 << 20);
    }
}
