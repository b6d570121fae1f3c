//! Tests over the whole table, so that a new entry is tested by being listed.

mod losses;
mod metrics;
mod optimizers;
mod problems;
mod reference;
mod sampling;
mod script;
mod table;
