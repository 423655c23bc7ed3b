//! The start of a SHA-256 (FIPS 180-4), when a firmware is compiled: a panic is its compiler's error, and nothing is linked.
//! What runs on a target is the `sha2` crate's.

/// Bits 31:0 of the fractions of the square roots of the first eight primes (section 5.3.3).
#[rustfmt::skip]
const START: [u32; 8] = [
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a,
    0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
];

/// Those of the cube roots of the first 64 primes (section 4.2.2).
#[rustfmt::skip]
const K: [u32; 64] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
];

/// The first `bytes` bytes of the hash of `message`, at most eight, as a big-endian number.
pub(super) const fn prefix(message: &[u8], bytes: usize) -> usize {
    let mut state = START;
    // One byte of 0x80 and eight of length at least come behind the message (section 5.1.1).
    let (mut block, blocks) = (0, (message.len() + 9).div_ceil(64));
    while block < blocks {
        state = add_block(state, message, block, block + 1 == blocks);
        block += 1;
    }
    let start = (state[0] as u64) << 32 | state[1] as u64;
    (start >> (64 - 8 * bytes)) as usize
}

/// Section 6.2.2.
const fn add_block(state: [u32; 8], message: &[u8], block: usize, is_last: bool) -> [u32; 8] {
    let mut words = [0; 64];
    let mut t = 0;
    while t < 64 {
        words[t] = match t {
            15 if is_last => message.len() as u32 * 8,
            0..16 => padded_word(message, block * 64 + t * 4),
            _ => {
                let (a, b) = (words[t - 15], words[t - 2]);
                let s0 = a.rotate_right(7) ^ a.rotate_right(18) ^ a >> 3;
                let s1 = b.rotate_right(17) ^ b.rotate_right(19) ^ b >> 10;
                let sum = words[t - 16].wrapping_add(s0);
                sum.wrapping_add(words[t - 7]).wrapping_add(s1)
            }
        };
        t += 1;
    }
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = state;
    t = 0;
    while t < 64 {
        let s1 = e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25);
        let choice = e & f ^ !e & g;
        let sum = h.wrapping_add(s1).wrapping_add(choice);
        let first = sum.wrapping_add(K[t]).wrapping_add(words[t]);
        let s0 = a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22);
        let majority = a & b ^ a & c ^ b & c;
        (h, g, f, e) = (g, f, e, d.wrapping_add(first));
        (d, c, b, a) = (c, b, a, first.wrapping_add(s0.wrapping_add(majority)));
        t += 1;
    }
    let (mut sums, worked) = (state, [a, b, c, d, e, f, g, h]);
    t = 0;
    while t < 8 {
        sums[t] = sums[t].wrapping_add(worked[t]);
        t += 1;
    }
    sums
}

/// Four bytes of the message, behind which come 0x80 and zeros.
const fn padded_word(message: &[u8], at: usize) -> u32 {
    let (mut word, mut index) = (0, at);
    while index < at + 4 {
        let byte = match index {
            _ if index < message.len() => message[index],
            _ if index == message.len() => 0x80,
            _ => 0,
        };
        word = word << 8 | byte as u32;
        index += 1;
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};

    #[test]
    fn prefixes_are_those_of_another_implementation() {
        // Every length around the ends of one and two blocks.
        for len in 0..200 {
            let message: Vec<u8> = (0..len).map(|index| index as u8 ^ 0x5a).collect();
            let hash: [u8; 32] = Sha256::digest(&message).into();
            let start = hash
                .first_chunk()
                .map(|bytes| u64::from_be_bytes(*bytes))
                .unwrap();
            assert_eq!(prefix(&message, 8) as u64, start, "{len} bytes");
            assert_eq!(prefix(&message, 4) as u64, start >> 32, "{len} bytes");
        }
    }
}
