//! DELTA_BINARY_PACKED: differences in blocks of 128, each quarter packed to
//! the bits that it needs.

use super::bits::{PACK, pack, put_varint, put_zigzag, width_of};

const BLOCK: usize = 128;
const MINIBLOCK: usize = PACK;
const MINIBLOCKS: usize = BLOCK / MINIBLOCK;

/// Appends the page body of `values`.
pub(super) fn put_delta(out: &mut Vec<u8>, values: &[i64]) {
    put_varint(out, BLOCK as u64);
    put_varint(out, MINIBLOCKS as u64);
    put_varint(out, values.len() as u64);
    put_zigzag(out, values.first().copied().unwrap_or(0));
    let mut previous = values.first().copied().unwrap_or(0);
    let mut deltas = [0i64; BLOCK];
    for block in values.get(1..).unwrap_or_default().chunks(BLOCK) {
        for (delta, value) in deltas.iter_mut().zip(block) {
            *delta = value.wrapping_sub(previous);
            previous = *value;
        }
        let deltas = deltas.get(..block.len()).unwrap_or(&deltas);
        put_block(out, deltas);
    }
}

fn put_block(out: &mut Vec<u8>, deltas: &[i64]) {
    let least = deltas.iter().copied().min().unwrap_or(0);
    put_zigzag(out, least);
    let above = |delta: &i64| delta.wrapping_sub(least) as u64;
    let widths_at = out.len();
    out.extend_from_slice(&[0; MINIBLOCKS]);
    for (index, miniblock) in deltas.chunks(MINIBLOCK).enumerate() {
        let width = width_of(
            miniblock
                .iter()
                .map(above)
                .fold(0, |bits, value| bits | value),
        );
        if let Some(place) = out.get_mut(widths_at + index) {
            *place = width as u8;
        }
        pack(out, miniblock.iter().map(above), width);
    }
}
