//! Bit packing, variable-length integers, and the RLE / bit-packed hybrid.

/// Appends an unsigned LEB128 integer.
pub(super) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a signed integer, zigzag first.
pub(super) fn put_zigzag(out: &mut Vec<u8>, value: i64) {
    put_varint(out, ((value << 1) ^ (value >> 63)) as u64);
}

/// How many bits the value needs.
pub(super) fn width_of(value: u64) -> u32 {
    u64::BITS - value.leading_zeros()
}

/// Appends values packed to `width` bits each (0 to 64), lowest bits first,
/// padded with zeros to a whole byte.
#[inline]
pub(super) fn pack(out: &mut Vec<u8>, values: impl Iterator<Item = u64>, width: u32) {
    if width == 0 {
        return;
    }
    let mut pending = 0u128;
    let mut bits = 0;
    for value in values {
        pending |= u128::from(value) << bits;
        bits += width;
        if bits >= 64 {
            out.extend_from_slice(&(pending as u64).to_le_bytes());
            pending >>= 64;
            bits -= 64;
        }
    }
    let bytes = (pending as u64).to_le_bytes();
    out.extend_from_slice(bytes.get(..bits.div_ceil(8) as usize).unwrap_or(&bytes));
}

/// Runs at least this long are written as such.
const RUN: usize = 16;

/// Appends values in Parquet's RLE / bit-packed hybrid, without its length.
pub(super) fn put_hybrid(out: &mut Vec<u8>, values: &[u32], width: u32) {
    let mut literals = 0..0;
    let mut at = 0;
    while let Some(rest) = values.get(at..).filter(|rest| !rest.is_empty()) {
        let first = rest.first().copied().unwrap_or_default();
        let run = rest.iter().take_while(|value| **value == first).count();
        if run >= RUN {
            put_literals(out, values.get(literals.clone()).unwrap_or_default(), width);
            put_varint(out, (run as u64) << 1);
            let bytes = first.to_le_bytes();
            out.extend_from_slice(bytes.get(..width.div_ceil(8) as usize).unwrap_or(&bytes));
            at += run;
            literals = at..at;
        } else {
            // Literals come in eights; only the last eight may be short.
            at = (at + 8).min(values.len());
            literals.end = at;
        }
    }
    put_literals(out, values.get(literals).unwrap_or_default(), width);
}

fn put_literals(out: &mut Vec<u8>, values: &[u32], width: u32) {
    if values.is_empty() {
        return;
    }
    let groups = values.len().div_ceil(8);
    put_varint(out, (groups as u64) << 1 | 1);
    let padding = groups * 8 - values.len();
    let padded = values
        .iter()
        .map(|value| u64::from(*value))
        .chain(std::iter::repeat_n(0, padding));
    pack(out, padded, width);
}
