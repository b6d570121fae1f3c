//! The `nnrun` command.

fn main() {}
