//! The numbers that a run computes with.

/// f32 when training, f64 when gradients are checked.
pub trait Element: Copy + Default + PartialOrd + Send + Sync + std::fmt::Debug + std::fmt::Display + 'static {
    /// Its name: `f32`, `f64`.
    const NAME: &'static str;
    /// The nearest number.
    fn from_f64(x: f64) -> Self;
    /// The same number.
    fn to_f64(self) -> f64;
}

impl Element for f32 {
    const NAME: &'static str = "f32";
    #[inline(always)]
    fn from_f64(x: f64) -> f32 {
        x as f32
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
}

impl Element for f64 {
    const NAME: &'static str = "f64";
    #[inline(always)]
    fn from_f64(x: f64) -> f64 {
        x
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }
}
