//! Random numbers that are the same everywhere and for ever: Mersenne Twister (MT19937), drawn from as Python's `random` does,
//! because the workloads' first figures were taken with sources that a Python program wrote.

const WORDS: usize = 624;
const SHIFT: usize = 397;

/// A stream of random numbers.
pub struct Random {
    words: [u32; WORDS],
    next: usize,
}

impl Random {
    /// The stream of `random.Random(seed)`.
    pub fn new(seed: u32) -> Self {
        let mut words = [0u32; WORDS];
        words[0] = 19_650_218;
        for i in 1..WORDS {
            words[i] = mixed(words[i - 1])
                .wrapping_mul(1_812_433_253)
                .wrapping_add(i as u32);
        }
        let mut i = 1;
        for _ in 0..WORDS {
            words[i] = (words[i] ^ mixed(words[i - 1]).wrapping_mul(1_664_525)).wrapping_add(seed);
            i = following(&mut words, i);
        }
        for _ in 1..WORDS {
            words[i] =
                (words[i] ^ mixed(words[i - 1]).wrapping_mul(1_566_083_941)).wrapping_sub(i as u32);
            i = following(&mut words, i);
        }
        words[0] = 1 << 31;
        Self { words, next: WORDS }
    }

    fn word(&mut self) -> u32 {
        if self.next == WORDS {
            self.twist();
        }
        let mut word = self.words[self.next];
        self.next += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    fn twist(&mut self) {
        for i in 0..WORDS {
            let joined = (self.words[i] & 1 << 31) | (self.words[(i + 1) % WORDS] & !(1 << 31));
            let odd = if joined & 1 == 1 { 0x9908_b0df } else { 0 };
            self.words[i] = self.words[(i + SHIFT) % WORDS] ^ (joined >> 1) ^ odd;
        }
        self.next = 0;
    }

    /// A number below `limit`, which is at most 2 to the power of 32.
    pub fn below(&mut self, limit: u64) -> u64 {
        let bits = u64::BITS - limit.leading_zeros();
        loop {
            let number = match bits {
                0..=32 => u64::from(self.word() >> (32 - bits)),
                _ => u64::from(self.word()) | u64::from(self.word() >> (64 - bits)) << 32,
            };
            if number < limit {
                return number;
            }
        }
    }

    /// A number from `first` to `limit - 1`.
    pub fn between(&mut self, first: u32, limit: u32) -> u32 {
        first + self.below(u64::from(limit - first)) as u32
    }

    /// One of `items`.
    pub fn choose<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len() as u64) as usize]
    }

    /// `count` different ones of `items`, which are many times as many.
    pub fn sample<'a, T>(&mut self, items: &'a [T], count: usize) -> Vec<&'a T> {
        let mut taken = Vec::new();
        while taken.len() < count {
            let index = self.below(items.len() as u64) as usize;
            if !taken.contains(&index) {
                taken.push(index);
            }
        }
        taken.into_iter().map(|index| &items[index]).collect()
    }
}

fn mixed(word: u32) -> u32 {
    word ^ (word >> 30)
}

/// The index after `i`; the first word stands for the last one where the round is over.
fn following(words: &mut [u32; WORDS], i: usize) -> usize {
    if i + 1 < WORDS {
        return i + 1;
    }
    words[0] = words[WORDS - 1];
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_pythons() {
        // python3 -c 'import random; r = random.Random(20250512); print([r.randrange(1 << 32) for _ in range(3)], r.randrange(7, 90))'
        let mut random = Random::new(20_250_512);
        for expected in [3_725_592_151, 3_677_633_619, 2_398_401_863] {
            assert_eq!(random.below(1 << 32), expected);
        }
        assert_eq!(random.between(7, 90), 70);
    }
}
