//! Looking at what is loaded: what lies at an address, and where a section or region is.

use super::extension::{Extension, Region, RegionKind, Section};
use super::registry::Registry;

/// What lies at an address.
pub struct Location<'a> {
    /// Whose it is.
    pub extension: &'a Extension,
    /// Which region.
    pub region: Region,
    /// The nearest export at or below it in the same region, and the distance in bytes.
    pub symbol: Option<(&'a str, usize)>,
}

impl Extension {
    /// The region of this kind, unless it is empty.
    pub fn region(&self, kind: RegionKind) -> Option<Region> {
        let held = self.held(kind);
        (held.size() != 0).then_some(Region {
            kind,
            address: held.address(),
            size: held.size(),
        })
    }

    /// The first section of this name, if sections were kept (`LoadOptions::keep_sections`).
    pub fn section(&self, name: &str) -> Option<Section<'_>> {
        self.sections().find(|section| section.name == name)
    }
}

/// Whose memory `address` is.
pub(crate) fn locate(registry: &Registry, address: usize) -> Option<Location<'_>> {
    registry.iter().find_map(|extension| {
        let (kind, _) = extension.place(address)?;
        let region = extension.region(kind)?;
        Some(Location {
            extension,
            region,
            symbol: nearest_export(extension, &region, address),
        })
    })
}

fn nearest_export<'a>(
    extension: &'a Extension,
    region: &Region,
    address: usize,
) -> Option<(&'a str, usize)> {
    extension
        .exports()
        .filter_map(|(name, export)| {
            // The Thumb bit is no part of where a function lies.
            let bit = if region.kind.has_code() { 1 } else { 0 };
            let start = export & !bit;
            let distance = address.checked_sub(start)?;
            (start >= region.address).then_some((name, distance))
        })
        .min_by_key(|&(_, distance)| distance)
}
