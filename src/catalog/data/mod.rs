//! Data sources, data functions and expectations: what can be said, for the checker and `explain`. What they do is
//! the business of the modules `data` and `train`.

pub(super) mod expectations;
pub(super) mod functions;
pub(super) mod sequences;
pub(super) mod sources;
