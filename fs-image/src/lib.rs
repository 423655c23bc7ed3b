//! littlefs geometry and image packer.
