//! Linked files (`ET_DYN`) as real linkers make them, and what a loader has to make of them, computed from the ELF
//! specification and the psABIs alone, with another reader (`object`).

pub mod expect;
pub mod make;
