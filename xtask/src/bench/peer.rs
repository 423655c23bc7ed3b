//! What the peer takes on mps2-an385, and what the loader may take there.

/// A pair of figures: with 250 exports, and with 2,000.
pub type Pair = [u64; 2];

/// The figures of one workload. In instructions, unless said otherwise.
pub struct Peer {
    /// The workload.
    pub name: &'static str,
    /// Zephyr's loader up to 4.3, with its linear search; nothing if it refuses the file.
    pub linear: Option<Pair>,
    /// Zephyr's newest loader.
    pub newest: Option<Pair>,
    /// A plain copy of the bytes, zeroing, and one store a relocation.
    pub floor: u64,
    /// Most bytes that the newest loader requests of the heap at once, and bytes that stay.
    pub heap: Option<[u64; 2]>,
    /// What the loader may take.
    pub limit: Pair,
    /// Above this the tests fail: the limit, or where that does not hold yet, a tenth more than the loader takes today.
    pub ceiling: u64,
}

/// Instructions that an unload may take.
pub const UNLOAD_LIMIT: u64 = 300;
/// Instructions that looking a name up among 2,000 may take, on average over all names.
pub const FIND_LIMIT: u64 = 150;
/// Bytes that may be held beside the regions.
pub const BESIDE_LIMIT: u64 = 128;

/// By workload.
pub const PEERS: &[Peer] = &[
    Peer {
        name: "hello",
        linear: Some([15_796, 56_668]),
        newest: Some([9_634, 9_634]),
        floor: 91,
        heap: Some([749, 637]),
        limit: [2_500, 2_500],
        ceiling: 7_000,
    },
    Peer {
        name: "many_relocs",
        linear: Some([10_491_486, 73_457_606]),
        newest: Some([1_359_742, 1_812_968]),
        floor: 10_645,
        heap: Some([27_455, 27_319]),
        limit: [110_000, 130_000],
        ceiling: 163_000,
    },
    Peer {
        name: "big_code",
        linear: Some([144_464, 144_464]),
        newest: Some([144_464, 144_464]),
        floor: 36_883,
        heap: Some([77_006, 76_902]),
        limit: [48_000, 48_000],
        ceiling: 48_000,
    },
    Peer {
        name: "data_heavy",
        linear: Some([68_129, 68_129]),
        newest: Some([68_129, 68_129]),
        floor: 56_498,
        heap: Some([115_640, 115_496]),
        limit: [60_000, 60_000],
        ceiling: 60_000,
    },
    Peer {
        name: "sections_many_fn",
        linear: Some([894_504, 3_431_427]),
        newest: Some([599_509, 665_521]),
        floor: 6_075,
        heap: Some([44_759, 37_439]),
        limit: [90_000, 90_000],
        ceiling: 190_000,
    },
    Peer {
        name: "partial",
        linear: Some([140_591, 845_236]),
        newest: Some([42_251, 49_565]),
        floor: 787,
        heap: Some([3_294, 3_126]),
        limit: [10_000, 11_000],
        ceiling: 20_000,
    },
    Peer {
        name: "sections_many",
        linear: None,
        newest: None,
        floor: 16_282,
        heap: None,
        limit: [230_000, 230_000],
        ceiling: 386_000,
    },
    Peer {
        name: "sections_many_data",
        linear: None,
        newest: None,
        floor: 12_723,
        heap: None,
        limit: [190_000, 190_000],
        ceiling: 342_000,
    },
];
