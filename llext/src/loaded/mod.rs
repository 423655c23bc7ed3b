//! Extensions that are loaded: what they are, in which order, and how to look at them.

mod extension;
mod inspect;
mod layout;
mod lifecycle;
mod registry;

pub(crate) use extension::{Arrays, BuildId, ExportTable, Head, Tail, is_filler, place};
pub use extension::{Extension, ExtensionId, Region, RegionKind, Section};
pub use inspect::Location;
pub(crate) use inspect::locate;
pub use layout::Layout;
pub use lifecycle::{BootstrapError, Unloaded};
pub(crate) use registry::{Described, Registry};
