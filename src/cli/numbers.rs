//! Numbers as people read them.

pub use crate::ide::{before_unit, bytes, compact, count, counted};
pub use crate::report::{measure, rate, seconds, value};
