//! DELTA_BINARY_PACKED: differences in blocks of 128. Each quarter of a block is packed to
//! the bits that it needs.

use super::bits::{PACK, pack, put_varint, put_zigzag, width_of};
use super::file::EncodeError;

const BLOCK: usize = 128;
const MINIBLOCK: usize = PACK;
const MINIBLOCKS: usize = BLOCK / MINIBLOCK;

/// Appends the page body of `values`.
///
/// # Errors
/// As [`pack`]; no width is too great.
pub(super) fn put_delta(out: &mut Vec<u8>, values: &[i64]) -> Result<(), EncodeError> {
    put_varint(out, BLOCK as u64);
    put_varint(out, MINIBLOCKS as u64);
    put_varint(out, values.len() as u64);
    put_zigzag(out, values.first().copied().unwrap_or(0));
    let mut befores = values;
    let mut rest = values.get(1..).unwrap_or_default();
    while !rest.is_empty() {
        let count = rest.len().min(BLOCK);
        let (block, behind) = rest.split_at(count);
        let mut deltas = [0i64; BLOCK];
        for ((delta, value), before) in deltas.iter_mut().zip(block).zip(befores) {
            *delta = value.wrapping_sub(*before);
        }
        put_block(out, deltas.get(..count).unwrap_or(&deltas))?;
        befores = befores.get(count..).unwrap_or_default();
        rest = behind;
    }
    Ok(())
}

fn put_block(out: &mut Vec<u8>, deltas: &[i64]) -> Result<(), EncodeError> {
    let least = deltas.iter().copied().min().unwrap_or(0);
    put_zigzag(out, least);
    let mut above = [0u64; BLOCK];
    for (place, delta) in above.iter_mut().zip(deltas) {
        *place = delta.wrapping_sub(least) as u64;
    }
    let miniblocks = above.as_chunks::<MINIBLOCK>().0;
    let miniblocks = &miniblocks[..deltas.len().div_ceil(MINIBLOCK)];
    let mut widths = [0; MINIBLOCKS];
    for (width, values) in widths.iter_mut().zip(miniblocks) {
        *width = width_of(values.iter().fold(0, |bits, value| bits | value)) as u8;
    }
    out.extend_from_slice(&widths);
    for (width, values) in widths.into_iter().zip(miniblocks) {
        pack(out, values, u32::from(width))?;
    }
    Ok(())
}
