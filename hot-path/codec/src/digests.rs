//! MD5 (RFC 1321) of eight messages in parallel with SIMD.
//!
//! Each step of MD5 depends on the previous step, so one digest leaves most of
//! a processor's execution units idle. Eight digests, each in its own vector
//! lane, fill them. With a serial MD5, the digest is the most expensive part of
//! decoding an aggregate. Tests compare the results with the `md-5` crate.

use wide::bytemuck::cast;
use wide::{u32x4, u32x8};

/// The number of messages per call.
pub(crate) const LANES: usize = 8;

type Lanes = u32x8;

const BLOCK: usize = 64;
const INITIAL: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];

/// ⌊2³² · |sin(i + 1)|⌋.
#[rustfmt::skip]
const SINES: [u32; 64] = [
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
];

/// Computes the digest of each message.
///
/// The cost is that of the longest message: a lane whose message has ended
/// idles. Messages of similar length use the lanes best.
pub(crate) fn digests(messages: [&[u8]; LANES]) -> [[u8; 16]; LANES] {
    let padded = messages.map(Padded::new);
    let blocks = padded.iter().map(Padded::blocks).max().unwrap_or(0);
    let mut state = INITIAL.map(u32x8::splat);
    let mut digests = [[0; 16]; LANES];
    for block in 0..blocks {
        let blocks = padded.each_ref().map(|message| message.block(block));
        let words = interleave(&blocks);
        state = compress(state, &words);
        for (lane, message) in padded.iter().enumerate() {
            if block + 1 == message.blocks() {
                digests[lane] = digest(&state, lane);
            }
        }
    }
    digests
}

/// Returns the sixteen words of the blocks, each as a vector over the lanes.
///
/// Transposes squares of four lanes by four words.
#[inline]
fn interleave(blocks: &[&[u8; BLOCK]; LANES]) -> [Lanes; 16] {
    let mut words = [Lanes::default(); 16];
    let (low, high) = blocks.split_at(LANES / 2);
    for (index, words) in words.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        let square = |lanes: &[&[u8; BLOCK]]| {
            u32x4::transpose(std::array::from_fn(|lane| four_words(lanes[lane], index)))
        };
        for (word, halves) in words
            .iter_mut()
            .zip(square(low).into_iter().zip(square(high)))
        {
            *word = cast([halves.0, halves.1]);
        }
    }
    words
}

/// Returns words `4 * index` to `4 * index + 3` of a block.
#[inline]
fn four_words(block: &[u8; BLOCK], index: usize) -> u32x4 {
    let words = block.as_chunks::<16>().0[index].as_chunks::<4>().0;
    u32x4::new(std::array::from_fn(|word| u32::from_le_bytes(words[word])))
}

fn digest(state: &[Lanes; 4], lane: usize) -> [u8; 16] {
    let mut digest = [0; 16];
    for (bytes, word) in digest.as_chunks_mut::<4>().0.iter_mut().zip(state) {
        *bytes = word.to_array()[lane].to_le_bytes();
    }
    digest
}

/// A message with its padding.
struct Padded<'a> {
    /// The full blocks of the message.
    whole: &'a [[u8; BLOCK]],
    /// The rest of the message and the padding: one or two blocks.
    tail: [[u8; BLOCK]; 2],
    tail_blocks: usize,
}

impl<'a> Padded<'a> {
    fn new(message: &'a [u8]) -> Self {
        let (whole, rest) = message.as_chunks::<BLOCK>();
        let mut tail = [0; 2 * BLOCK];
        for (slot, byte) in tail.iter_mut().zip(rest.iter().chain(&[0x80])) {
            *slot = *byte;
        }
        let tail_blocks = if rest.len() < BLOCK - 8 { 1 } else { 2 };
        let bits = (message.len() as u64).wrapping_mul(8).to_le_bytes();
        let length = tail.iter_mut().take(tail_blocks * BLOCK).rev();
        for (slot, byte) in length.zip(bits.iter().rev()) {
            *slot = *byte;
        }
        let mut blocks = [[0; BLOCK]; 2];
        for (block, bytes) in blocks.iter_mut().zip(tail.as_chunks::<BLOCK>().0) {
            *block = *bytes;
        }
        Self {
            whole,
            tail: blocks,
            tail_blocks,
        }
    }

    fn blocks(&self) -> usize {
        self.whole.len() + self.tail_blocks
    }

    /// Returns a block, or a block of zeros past the end of the message.
    #[inline]
    fn block(&self, index: usize) -> &[u8; BLOCK] {
        const IDLE: &[u8; BLOCK] = &[0; BLOCK];
        match self.whole.get(index) {
            Some(block) => block,
            None => self.tail.get(index - self.whole.len()).unwrap_or(IDLE),
        }
    }
}

/// Applies the MD5 compression function to one block of every lane.
fn compress(state: [Lanes; 4], words: &[Lanes; 16]) -> [Lanes; 4] {
    let [mut a, mut b, mut c, mut d] = state;
    for i in (0..16).step_by(4) {
        let mix = |b: Lanes, c: Lanes, d: Lanes| (b & c) | (!b & d);
        let word = |i: usize| (words[i % 16], SINES[i]);
        step::<7>(mix, &mut a, b, c, d, word(i));
        step::<12>(mix, &mut d, a, b, c, word(i + 1));
        step::<17>(mix, &mut c, d, a, b, word(i + 2));
        step::<22>(mix, &mut b, c, d, a, word(i + 3));
    }
    for i in (16..32).step_by(4) {
        let mix = |b: Lanes, c: Lanes, d: Lanes| (d & b) | (!d & c);
        let word = |i: usize| (words[(5 * i + 1) % 16], SINES[i]);
        step::<5>(mix, &mut a, b, c, d, word(i));
        step::<9>(mix, &mut d, a, b, c, word(i + 1));
        step::<14>(mix, &mut c, d, a, b, word(i + 2));
        step::<20>(mix, &mut b, c, d, a, word(i + 3));
    }
    for i in (32..48).step_by(4) {
        let mix = |b: Lanes, c: Lanes, d: Lanes| b ^ c ^ d;
        let word = |i: usize| (words[(3 * i + 5) % 16], SINES[i]);
        step::<4>(mix, &mut a, b, c, d, word(i));
        step::<11>(mix, &mut d, a, b, c, word(i + 1));
        step::<16>(mix, &mut c, d, a, b, word(i + 2));
        step::<23>(mix, &mut b, c, d, a, word(i + 3));
    }
    for i in (48..64).step_by(4) {
        let mix = |b: Lanes, c: Lanes, d: Lanes| c ^ (b | !d);
        let word = |i: usize| (words[7 * i % 16], SINES[i]);
        step::<6>(mix, &mut a, b, c, d, word(i));
        step::<10>(mix, &mut d, a, b, c, word(i + 1));
        step::<15>(mix, &mut c, d, a, b, word(i + 2));
        step::<21>(mix, &mut b, c, d, a, word(i + 3));
    }
    let [a0, b0, c0, d0] = state;
    [a0 + a, b0 + b, c0 + c, d0 + d]
}

/// Performs one MD5 step in every lane.
///
/// The shift is a const parameter, so that it compiles to an immediate operand.
#[inline(always)]
fn step<const SHIFT: u32>(
    mix: impl Fn(Lanes, Lanes, Lanes) -> Lanes,
    a: &mut Lanes,
    b: Lanes,
    c: Lanes,
    d: Lanes,
    (word, sine): (Lanes, u32),
) {
    let sum = *a + mix(b, c, d) + word + u32x8::splat(sine);
    *a = b + ((sum << SHIFT) | (sum >> (32 - SHIFT)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use md5::{Digest, Md5};
    use proptest::prelude::*;

    fn theirs(message: &[u8]) -> [u8; 16] {
        Md5::digest(message).into()
    }

    #[test]
    fn digests_agree_for_every_length_around_a_block() {
        let bytes: Vec<u8> = (0..200).map(|i| (i * 7) as u8).collect();
        for length in 0..bytes.len() - LANES {
            let messages = std::array::from_fn(|lane| &bytes[lane..lane + length]);
            assert_eq!(digests(messages), messages.map(theirs), "length {length}");
        }
    }

    proptest! {
        #[test]
        fn digests_agree_with_a_library(messages in proptest::array::uniform8(proptest::collection::vec(any::<u8>(), 0..700))) {
            let messages = messages.each_ref().map(Vec::as_slice);
            prop_assert_eq!(digests(messages), messages.map(theirs));
        }
    }
}
