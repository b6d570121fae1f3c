//! Floor 9: what a run came to, for people: a page that tells all of it, and curves.
//!
//! A [`Page`] is made of what the directory of a run holds and, where the program can still be checked, of the network
//! and the mistakes that its weights make. A [`Chart`] is drawn once for all: as SVG in a page or alone, and in letters
//! for a terminal.

mod about;
mod chart;
mod curves;
mod dates;
mod drawing;
mod html;
mod mistakes;
mod numbers;
mod page;
mod program;
mod results;
mod scale;

pub use about::command_line;
pub use chart::Chart;
pub use curves::{Across, Curve, across, curve, numbers_of};
pub use dates::moment;
pub use drawing::{Cell, letter};
pub use numbers::{measure, rate, seconds, value};
pub use page::{PAGE, Page, Written, write};
