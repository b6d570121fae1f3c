//! Floor 8: a checked model as something that other programs show: a drawing.
//!
//! ```text
//! flow.rs        the graph of a model, scans opened, each node with the box that it belongs to
//! drawing.rs     boxes, groups and edges: what there is to draw, without a place for it
//! folding.rs     the copies of a `repeat` as one
//! families.rs    which kinds of layers look alike
//! words.rs       what stands in the boxes
//! layered.rs     layers, crossings and places of one group's boxes
//! layout.rs      the whole drawing, group by group from the inside
//! text_width.rs  how wide a text is
//! svg.rs dot.rs  how it is written
//! graph.rs       what the command line and the language server call
//! ```
//!
//! Where data flows is read from the graph of the model, what belongs together from its regions, and the words from the
//! source. Everything is in a fixed order, so a program has one drawing.

mod dot;
mod drawing;
mod families;
mod flow;
mod folding;
pub mod graph;
mod layered;
mod layout;
mod svg;
mod text_width;
mod words;

pub use drawing::{Drawing, DrawnBox, Edge, EdgeKind, Group, Look};
pub use layout::{Layout, Line, Rectangle, layout};
pub use text_width::text_width;
