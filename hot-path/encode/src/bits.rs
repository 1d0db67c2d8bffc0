//! Bit packing, variable-length integers, and the RLE / bit-packed hybrid.

use super::file::EncodeError;

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

/// Returns the number of bits that the value needs.
pub(super) fn width_of(value: u64) -> u32 {
    u64::BITS - value.leading_zeros()
}

/// The number of values that are packed at a time. At any width they fill whole words.
pub(super) const PACK: usize = 32;

/// Appends values packed to `width` bits each (0 to 64), lowest bits first. No value may
/// need more bits.
///
/// # Errors
/// [`EncodeError::Row`] for a greater width.
#[inline]
pub(super) fn pack(out: &mut Vec<u8>, values: &[u64; PACK], width: u32) -> Result<(), EncodeError> {
    macro_rules! each_width {
        ($($width:literal)*) => {
            match width {
                $($width => pack_to::<$width>(out, values),)*
                0 => {}
                _ => return Err(EncodeError::Row("a value is packed to more than 64 bits")),
            }
        };
    }
    // With a constant width every shift is constant, and the compiler unrolls the loop.
    each_width!(
        1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32
        33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61
        62 63 64
    );
    Ok(())
}

fn pack_to<const WIDTH: usize>(out: &mut Vec<u8>, values: &[u64; PACK]) {
    let mut bytes = [0; PACK * 8];
    let mut open = 0;
    let mut used = 0;
    macro_rules! put {
        ($($index:literal)*) => {
            $({
                let value = values[$index];
                let at = $index * WIDTH;
                open |= value << (at % 64);
                if at % 64 + WIDTH >= 64 {
                    bytes[used..used + 8].copy_from_slice(&open.to_le_bytes());
                    used += 8;
                    open = value.checked_shr((64 - at % 64) as u32).unwrap_or(0);
                }
            })*
        };
    }
    put!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31);
    if !WIDTH.is_multiple_of(2) {
        bytes[used..used + 8].copy_from_slice(&open.to_le_bytes());
    }
    out.extend_from_slice(&bytes[..PACK / 8 * WIDTH]);
}

/// The minimum length of a run that is written as a run.
const RUN: usize = 16;

/// Appends values in Parquet's RLE / bit-packed hybrid encoding, without the length.
///
/// # Errors
/// [`EncodeError::Row`] for a width of more than 32 bits.
pub(super) fn put_hybrid(out: &mut Vec<u8>, values: &[u32], width: u32) -> Result<(), EncodeError> {
    if width > u32::BITS {
        return Err(EncodeError::Row(
            "a dictionary number has more than 32 bits",
        ));
    }
    let mut literals = 0..0;
    let mut at = 0;
    while let Some(rest) = values.get(at..).filter(|rest| !rest.is_empty()) {
        let first = rest.first().copied().unwrap_or_default();
        let run = rest.iter().take_while(|value| **value == first).count();
        if run >= RUN {
            put_literals(out, values.get(literals.clone()).unwrap_or_default(), width)?;
            put_varint(out, (run as u64) << 1);
            let bytes = first.to_le_bytes();
            out.extend_from_slice(bytes.get(..width.div_ceil(8) as usize).unwrap_or(&bytes));
            at += run;
            literals = at..at;
        } else {
            // Literals come in groups of eight; only the last group may be shorter.
            at = (at + 8).min(values.len());
            literals.end = at;
        }
    }
    put_literals(out, values.get(literals).unwrap_or_default(), width)
}

fn put_literals(out: &mut Vec<u8>, values: &[u32], width: u32) -> Result<(), EncodeError> {
    if values.is_empty() {
        return Ok(());
    }
    let groups = values.len().div_ceil(8);
    put_varint(out, (groups as u64) << 1 | 1);
    let end = out.len() + groups * width as usize;
    for values in values.chunks(PACK) {
        let mut wide = [0; PACK];
        for (place, value) in wide.iter_mut().zip(values) {
            *place = u64::from(*value);
        }
        pack(out, &wide, width)?;
    }
    out.truncate(end);
    Ok(())
}

/// Appends one flag for each row, eight in a byte, in the same encoding. Runs of bytes with
/// equal flags are written as runs.
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
