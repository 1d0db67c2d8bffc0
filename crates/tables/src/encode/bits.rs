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

/// How many values are packed at a time: to whole words, whatever their width.
pub(super) const PACK: usize = 32;

/// Appends values packed to `width` bits each (0 to 64), lowest bits first;
/// those that `values` has less than [`PACK`] are zeros.
#[inline]
pub(super) fn pack(out: &mut Vec<u8>, values: impl Iterator<Item = u64>, width: u32) {
    if width == 0 {
        return;
    }
    let mut words = [0u64; PACK];
    let mut bits = 0usize;
    for value in values.take(PACK) {
        let (word, shift) = (bits / 64, bits % 64);
        if let Some(place) = words.get_mut(word) {
            *place |= value << shift;
        }
        if shift + width as usize > 64
            && let Some(place) = words.get_mut(word + 1)
        {
            *place = value >> (64 - shift);
        }
        bits += width as usize;
    }
    let mut bytes = [0; PACK * 8];
    for (place, word) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(words) {
        *place = word.to_le_bytes();
    }
    out.extend_from_slice(bytes.get(..PACK / 8 * width as usize).unwrap_or(&bytes));
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
    let end = out.len() + groups * width as usize;
    for values in values.chunks(PACK) {
        pack(out, values.iter().map(|value| u64::from(*value)), width);
    }
    out.truncate(end);
}

/// Appends flags, eight a byte and as many as there are rows, in that hybrid:
/// the runs of bytes whose flags are all alike as such.
pub(super) fn put_flags(out: &mut Vec<u8>, flags: &[u8], rows: usize) {
    let mut literals = 0..0;
    let put_literals = |out: &mut Vec<u8>, literals: std::ops::Range<usize>| {
        let bytes = flags.get(literals).unwrap_or_default();
        if !bytes.is_empty() {
            put_varint(out, (bytes.len() as u64) << 1 | 1);
            out.extend_from_slice(bytes);
        }
    };
    let mut at = 0;
    while let Some(rest) = flags.get(at..).filter(|rest| !rest.is_empty()) {
        let first = rest.first().copied().unwrap_or_default();
        let run = match first {
            0 | 0xFF => rest.iter().take_while(|flags| **flags == first).count(),
            _ => 0,
        };
        if run * 8 >= RUN {
            put_literals(out, literals);
            let length = (run * 8).min(rows - at * 8);
            put_varint(out, (length as u64) << 1);
            out.push(first & 1);
            at += run;
            literals = at..at;
        } else {
            at += 1;
            literals.end = at;
        }
    }
    put_literals(out, literals);
}
