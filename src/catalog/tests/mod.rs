//! Tests over the whole table, so that a new entry is tested by being listed.

mod metrics;
mod reference;
mod script;
mod table;
