//! Compression, and decompression with a size limit by magic bytes.

use std::io::Read;

use thiserror::Error;

const ZSTD_MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];
const GZIP_MAGIC: [u8; 2] = [0x1F, 0x8B];

/// The base-2 logarithm of the largest window that the streaming decoder accepts
/// from a zstd frame: 32 MiB, the default limit of a whole record.
const ZSTD_WINDOW_LOG_MAX: u32 = 25;

/// A compression format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// No compression.
    None,
    /// Zstandard (RFC 8878), level 3.
    Zstd,
    /// gzip (RFC 1952), default level.
    Gzip,
}

/// An error of encoding or decoding a record.
#[derive(Debug, Error)]
pub enum CodecError {
    /// The bytes do not decode as the format that their magic bytes announce.
    #[error("broken {format}: {cause}")]
    Broken {
        /// `zstd`, `gzip` or `KPL aggregate`.
        format: &'static str,
        /// The decoder's message.
        cause: String,
    },
    /// The record's data does not decode as base64.
    #[error("the data is not base64")]
    NotBase64,
    /// The decompressed record exceeds the limit.
    #[error("unpacks to more than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The compressor failed.
    #[error("cannot compress: {0}")]
    Compress(#[source] std::io::Error),
}

impl Compression {
    /// Detects the compression from the magic bytes.
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

/// Compresses the bytes; [`Compression::None`] copies them.
///
/// # Errors
/// Returns [`CodecError::Compress`] if the compressor fails, for example because
/// it cannot allocate memory.
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

/// A decompressor that reuses its zstd context.
#[derive(Default)]
pub struct Decompressor {
    zstd: Option<zstd::bulk::Decompressor<'static>>,
    unpacked: usize,
}

impl std::fmt::Debug for Decompressor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Decompressor")
    }
}

impl Decompressor {
    /// Decompresses `bytes` and replaces the content of `out`.
    ///
    /// [`Compression::None`] copies the bytes and ignores `limit`.
    ///
    /// # Errors
    /// Returns [`CodecError::Broken`] or, if the result exceeds `limit` bytes,
    /// [`CodecError::TooLarge`]. The content of `out` is then unspecified.
    pub fn decompress(
        &mut self,
        compression: Compression,
        bytes: &[u8],
        limit: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), CodecError> {
        out.clear();
        self.unpacked = 0;
        let result = match compression {
            Compression::None => {
                out.extend_from_slice(bytes);
                Ok(())
            }
            Compression::Gzip => {
                let decoder = flate2::bufread::MultiGzDecoder::new(bytes);
                read_bounded("gzip", decoder, limit, out)
            }
            Compression::Zstd => self.zstd(bytes, limit, out),
        };
        self.unpacked = self.unpacked.max(out.len());
        result
    }

    /// Returns the number of bytes that the last call unpacked, also if it failed
    /// after them.
    pub(crate) fn unpacked(&self) -> usize {
        self.unpacked
    }

    /// Decompresses a single frame of declared size in one call, and any other
    /// input as a stream.
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
            // A failure leaves `out` empty, even at the end of the frame.
            self.unpacked = length;
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
    // One byte past the limit tells an oversized result from one of exactly the limit.
    let read_limit = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    reader
        .take(read_limit)
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
        fn compression_round_trips(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
            for compression in [Compression::Zstd, Compression::Gzip] {
                let packed = compress(compression, &bytes).unwrap();
                prop_assert_eq!(Compression::of(&packed), compression);
                prop_assert_eq!(&unpack(&packed, bytes.len()).unwrap(), &bytes);
                let short = bytes.len().saturating_sub(1);
                if short < bytes.len() {
                    let bounded = unpack(&packed, short);
                    let rejected = matches!(bounded, Err(CodecError::TooLarge { .. }));
                    prop_assert!(rejected);
                }
            }
        }

        #[test]
        fn broken_bytes_do_not_exceed_the_limit(
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
