//! How a state starts.

/// A distribution of initial numbers, with the sizes it depends on resolved. Sampled by `catalog::initializers`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Init {
    /// All the same number.
    Full(f64),
    /// Uniform between the bounds.
    Uniform {
        /// Smallest.
        low: f64,
        /// Largest.
        high: f64,
    },
    /// Normal.
    Normal {
        /// Mean.
        mean: f64,
        /// Standard deviation.
        std: f64,
    },
    /// Normal, redrawn outside two deviations (`torch.nn.init.trunc_normal_` with a = mean - 2 std, b = mean + 2 std).
    TruncatedNormal {
        /// Mean.
        mean: f64,
        /// Standard deviation of the normal before it is cut.
        std: f64,
    },
    /// Orthonormal rows or columns, times the gain (Saxe et al. 2013, `torch.nn.init.orthogonal_`); the first axis
    /// against all others.
    Orthogonal {
        /// Factor.
        gain: f64,
    },
    /// Ones on the diagonal of the last two axes.
    Identity,
}
